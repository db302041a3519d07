"""One surface layer per structure in 3D, built in the background and kept.

One merged mesh would make hovering stall for a second; single ones take milliseconds.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Collection, Iterable

import numpy as np
from napari.components import ViewerModel
from napari.layers import Surface as SurfaceLayer
from napari.utils.colormaps import Colormap
from qtpy.QtCore import QObject, QTimer

from napari_spatialmed.case import Structure
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.case_layers import OWNER
from napari_spatialmed.viewer.surfaces import Surface, structure_surface
from napari_spatialmed.viewer.work import Job, Work

CONTEXT_OPACITY = 0.14


class SurfaceLayers(QObject):
    """The 3D surfaces of one case in one viewer."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = weakref.ref(viewer)
        self._geometry: CaseGeometry | None = None
        self._surfaces: dict[int, Surface] = {}
        self._layers: dict[int, SurfaceLayer] = {}
        self._arrived: deque[int] = deque()
        self._hidden: frozenset[int] = frozenset()
        self._selected: frozenset[int] = frozenset()
        self._shown = False
        self.work = Work(self)
        self.work.part.connect(self._keep)
        # Layers are added one per turn of the event loop, so that sixty of them don't stall the window.
        self._adding = QTimer(self)
        self._adding.setInterval(0)
        self._adding.timeout.connect(self._add_next)

    @property
    def layers(self) -> dict[int, SurfaceLayer]:
        """Label → its layer, as far as built."""
        return dict(self._layers)

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is on show."""
        return not self.work.running and not self._arrived

    def set_case(self, geometry: CaseGeometry | None) -> None:
        """Forget the last case's surfaces."""
        self.work.cancel()
        self._adding.stop()
        self._arrived.clear()
        self._surfaces.clear()
        viewer = self._viewer()
        for layer in self._layers.values():
            if viewer is not None and layer in viewer.layers:
                viewer.layers.remove(layer)
        self._layers.clear()
        self._geometry, self._hidden, self._selected = geometry, frozenset(), frozenset()

    def set_ndisplay(self, ndisplay: int) -> None:
        """Show the surfaces in 3D, building what is missing; hide them in 2D, where they would cost time."""
        self._shown = ndisplay == 3
        if self._shown:
            self.build()
        self._dress()

    def build(self) -> None:
        """Build what is missing in the background: selected first, then the larger ones."""
        geometry = self._geometry
        if geometry is None:
            return
        missing = [s for s in geometry.case if s.label not in self._surfaces]
        if missing:
            self.work.run("Building surfaces", _build, geometry, missing, self._selected)

    def forget(self, labels: Iterable[int]) -> None:
        """After an edit: these structures' surfaces are out of date."""
        labels = list(labels)
        for label in labels:
            self._surfaces.pop(label, None)
        if labels and self._shown:
            self.build()

    def appear(self, hidden: Collection[int], selected: Collection[int]) -> None:
        """Which labels are invisible, and which stand out of the context."""
        self._hidden, self._selected = frozenset(hidden), frozenset(selected)
        self._dress()

    def _keep(self, part: tuple[int, Surface]) -> None:
        label, surface = part
        self._surfaces[label] = surface
        self._arrived.append(label)
        self._adding.start()

    def _add_next(self) -> None:
        viewer = self._viewer()
        if viewer is None or self._geometry is None or not self._arrived:
            self._adding.stop()
            return
        label = self._arrived.popleft()
        surface = self._surfaces.get(label)
        if surface is None:  # edited in the meantime
            return
        vertices, faces = surface
        if label in self._layers:
            self._layers[label].data = (vertices, faces, np.ones(len(vertices), np.float32))
            return
        layer = self._layers[label] = _layer(self._geometry.case[label], surface)
        self._dress_one(label, layer)
        # Below the drawings, above the scan.
        at = next(
            (n for n, other in enumerate(viewer.layers) if other.metadata.get(OWNER) == "drawing"),
            len(viewer.layers),
        )
        active = viewer.layers.selection.active
        viewer.layers.insert(at, layer)
        viewer.layers.selection.active = active

    def _dress(self) -> None:
        for label, layer in self._layers.items():
            self._dress_one(label, layer)

    def _dress_one(self, label: int, layer: SurfaceLayer) -> None:
        layer.visible = self._shown and label not in self._hidden
        context = bool(self._selected) and label not in self._selected
        opacity, blending = (CONTEXT_OPACITY, "translucent_no_depth") if context else (1.0, "opaque")
        if layer.opacity != opacity:
            layer.opacity = opacity
        if layer.blending != blending:
            layer.blending = blending


def _layer(structure: Structure, surface: Surface) -> SurfaceLayer:
    color = [*(c / 255 for c in structure.color), 1.0]
    return SurfaceLayer(
        (*surface, np.ones(len(surface[0]), np.float32)),
        name=structure.title,
        colormap=Colormap([color, color], name=f"spatialmed-{structure.label}"),
        contrast_limits=(0, 1),
        shading="smooth",
        units=("mm",) * 3,
        axis_labels=("I", "P", "L"),
        metadata={OWNER: "surface", "label": structure.label},
    )


def _build(job: Job, geometry: CaseGeometry, missing: list[Structure], first: frozenset[int]) -> int:
    survey, case = geometry.survey, geometry.case
    rows = {s.label: survey.row(s.label) for s in missing if s.label in survey}
    order = sorted(rows, key=lambda label: (label not in first, -int(survey.counts[rows[label]])))
    for n, label in enumerate(order):
        job.check()
        job.progress(n / len(order), f"Building surfaces {n + 1} of {len(order)}")
        low, high = survey.index_min[rows[label]], survey.index_max[rows[label]]
        box = tuple(slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))
        surface = structure_surface(case.labels, label, box, case.spacing)
        if surface is not None:
            job.part((label, surface))
    return len(order)
