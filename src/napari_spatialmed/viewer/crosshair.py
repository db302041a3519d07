"""Where the views meet, as a crosshair in every 2D view: thin, open in the middle, switched on and off in all of them at once.

It is an overlay of napari's, not a layer: it isn't listed, can't be chosen, and nothing is sliced anew as it moves.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari._vispy.overlays.base import ViewerOverlayMixin, VispySceneOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari.components import ViewerModel
from napari.components.overlays import SceneOverlay
from napari.layers.base._base_constants import Blending
from numpy.typing import NDArray
from psygnal import Signal
from vispy.scene.visuals import Line

from napari_spatialmed.case import Case
from napari_spatialmed.viewer.memory import recall, remember

CROSSHAIR = "#49c5ff"
WIDTH_PX, GAP_PX = 1.5, 10.0
"""Of a line; from the middle to where it begins, so that what one looks at stays free."""
BESIDE_PX = 28.0
"""Around drawings: their words stand there."""
_NAME, _KEPT_AS = "spatialmed_crosshair", "crosshair"
_NOTHING = np.zeros((8, 2), np.float32)
"""Four lines without any length.  They are drawn from the beginning: the first drawing, which takes longer, then falls
into laying out the window, not into opening a scan."""


class CrosshairSwitch:
    """Whether crosshairs are drawn, in all views of a window; remembered.

    Signal: ``changed(on)``.
    """

    changed = Signal(bool)

    def __init__(self) -> None:
        self._on = recall(_KEPT_AS, True) is not False

    @property
    def on(self) -> bool:
        """Whether they are drawn."""
        return self._on

    def turn(self, on: bool) -> None:
        """Draw them, or don't."""
        if on != self._on:
            self._on = on
            remember(_KEPT_AS, on)
            self.changed.emit(on)


_Place = tuple[float, float, float]


class CrosshairOverlay(SceneOverlay):
    """napari's model of it: it stands at the viewer's point.

    Attributes
    ----------
    box
        The outer corners of the first and the last voxel of the scan that it crosses, mm; None: it isn't drawn.
    free
        The first and the last corner of what its lines leave free, mm.
    """

    blending: Blending = Blending.TRANSLUCENT_NO_DEPTH
    visible: bool = True
    box: tuple[_Place, _Place] | None = None
    free: tuple[_Place, _Place] | None = None


class Crosshair:
    """The crosshair of one viewer."""

    def __init__(self, viewer: ViewerModel, switch: CrosshairSwitch) -> None:
        self._viewer, self._switch = weakref.ref(viewer), switch
        self._box: tuple[_Place, _Place] | None = None
        self._away = False
        self.overlay = CrosshairOverlay()
        viewer.scene.overlays[_NAME] = self.overlay
        switch.changed.connect(self._refresh)

    def show(self, case: Case | None) -> None:
        """Draw it across this case, which comes with its labels locked; None takes it off."""
        self._box, self._away, self.overlay.free = None, False, None
        if case is not None:
            mm = np.asarray(case.spacing, float)
            self._box = _place(-mm / 2), _place((np.asarray(case.labels.shape) - 0.5) * mm)
        self._refresh()

    def keep_away(self, away: bool) -> None:
        """Don't draw it as long as its lines would lie on what is being painted."""
        self._away = away
        self._refresh()

    def leave_free(self, corners: NDArray[np.float64] | None) -> None:
        """Let its lines end before what is drawn between these corners, mm, shape (2, 3): they would hide it."""
        self.overlay.free = None if corners is None else (_place(corners[0]), _place(corners[1]))

    def remove(self) -> None:
        """Take it off the canvas and stop listening."""
        self._switch.changed.disconnect(self._refresh)
        viewer = self._viewer()
        if viewer is not None:
            viewer.scene.overlays.pop(_NAME, None)

    def _refresh(self) -> None:
        self.overlay.box = self._box if self._switch.on and not self._away else None


class VispyCrosshair(ViewerOverlayMixin, VispySceneOverlay):
    """How napari draws it: two lines, each with a gap, in the plane on show."""

    overlay: CrosshairOverlay
    node: Any

    def __init__(self, **given: Any) -> None:
        self._ends = _NOTHING
        line = Line(pos=_NOTHING, color=CROSSHAIR, width=WIDTH_PX, connect="segments", method="gl")
        super().__init__(node=line, **given)
        for name in ("box", "free"):
            self.overlay.events[name].connect(self._place)
        for name in ("point", "order", "ndisplay"):
            self.viewer.dims.events[name].connect(self._place)
        self.viewer.scene.camera.events.zoom.connect(self._place)
        self.reset()
        self._place()

    def close(self) -> None:
        """napari: it was taken away."""
        for name in ("box", "free"):
            self.overlay.events[name].disconnect(self._place)
        for name in ("point", "order", "ndisplay"):
            self.viewer.dims.events[name].disconnect(self._place)
        self.viewer.scene.camera.events.zoom.disconnect(self._place)
        super().close()

    def _place(self) -> None:
        """Only what changed is sent: scrolling through slices leaves the lines where they are."""
        dims = self.viewer.dims
        ends = _NOTHING
        if dims.ndisplay == 2 and dims.ndim == 3 and self.overlay.box is not None:
            shown = list(dims.displayed)[::-1]
            here, first, last = (np.asarray(p, float)[shown] for p in (dims.point, *self.overlay.box))
            px = 1.0 / float(self.viewer.scene.camera.zoom)
            free = None
            if self.overlay.free is not None:
                low, high = (np.asarray(p, float)[shown] for p in self.overlay.free)
                free = low - BESIDE_PX * px, high + BESIDE_PX * px
            ends = crosshair_ends(here, first, last, GAP_PX * px, free)
        if not np.array_equal(ends, self._ends):
            self._ends = ends
            self.node.set_data(pos=ends)


def crosshair_ends(
    here: NDArray[np.float64],
    first: NDArray[np.float64],
    last: NDArray[np.float64],
    gap: float,
    free: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> NDArray[np.float32]:
    """Ends of the four lines of a crosshair: left, right, above, below its middle.

    Parameters
    ----------
    here
        Its middle, shape (2,), mm.
    first, last
        Corners of what it crosses, shape (2,), mm.
    gap
        From the middle to where a line begins, mm.
    free
        Corners of what a line that would cross it leaves free, each of shape (2,), mm.

    Returns
    -------
    NDArray
        Two ends for each line, shape (8, 2).
    """
    ends = np.tile(here, (8, 1))
    for n in (0, 1):
        before, after = 4 * n, 4 * n + 2
        low, high = here[n] - gap, here[n] + gap
        if free is not None and free[0][1 - n] <= here[1 - n] <= free[1][1 - n]:
            low, high = min(low, free[0][n]), max(high, free[1][n])
        ends[before : before + 2, n] = first[n], max(first[n], low)
        ends[after : after + 2, n] = min(last[n], high), last[n]
    return ends.astype(np.float32)


def _place(values: NDArray[np.float64]) -> _Place:
    a, b, c = (float(v) for v in values)
    return a, b, c


overlay_to_visual[CrosshairOverlay] = VispyCrosshair
