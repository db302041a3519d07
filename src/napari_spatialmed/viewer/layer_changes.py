"""How layers are added, changed and taken away without napari doing for each what is done once for all."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_spatialmed.viewer.gl_context import make_current

OWNER = "spatialmed"
"""Key in a layer's metadata by which our layers are known."""
_OF_SLIDERS = ("range", "nsteps", "point", "current_step")


@cache
def load_layers() -> None:
    """Make napari load what its first layers need, its units and tables: half a second that no scan then waits for.

    In the GUI thread, before any other makes layers: two threads at once would find the table of units half filled.
    """
    Image(np.zeros((1, 1, 1), np.uint8), units=("mm",) * 3)
    Labels(np.zeros((1, 1, 1), np.uint8), units=("mm",) * 3)


@contextmanager
def in_one_go(viewer: ViewerModel) -> Iterator[None]:
    """Around showing, hiding or removing several layers: the scene is put in order once, not after each.

    napari collects garbage after a batch, or after every layer that goes: half a second in a grown process.  What exists
    beforehand is kept out of that; Python's own next round takes it.
    """
    # What somebody else has frozen stays so.
    freezing = not gc.get_freeze_count()
    if freezing:
        gc.freeze()
    try:
        with viewer.layers.batched_update():
            try:
                yield
            finally:
                make_current(viewer.layers)
    finally:
        if freezing:
            gc.unfreeze()


def add_quietly(viewer: ViewerModel, layer: Layer, *, at: int) -> None:
    """Add a layer of ours without making it the active one, and without moving the sliders: it is empty.

    In 3D nothing is left active: napari would look for the value under the cursor in the hidden label map, and stumbles
    while the cursor has no direction yet.
    """
    selection, dims = viewer.layers.selection, viewer.dims
    if viewer.dims.ndisplay == 3:
        selection.clear()
    kept = set(selection)
    # A new layer is selected, which lays its controls out; nobody need hear of what is taken back at once.
    with ExitStack() as held:
        held.enter_context(selection.events.blocker_all())
        if len(viewer.layers) and dims.ndim >= layer.ndim:
            # napari would set the sliders by the new layer, and slice every layer again.
            ranges = dims.range
            for name in _OF_SLIDERS:
                held.enter_context(dims.events[name].blocker())
            held.callback(setattr, dims, "range", ranges)
        viewer.layers.insert(at, layer)
        selection.clear()
        selection.update(kept)


@contextmanager
def as_one_change(viewer: ViewerModel, layers: Collection[Layer]) -> Iterator[None]:
    """Around several changes to where layers lie: the viewer sets its sliders and slices every layer once, not each time."""
    look = getattr(viewer, "_on_layers_change", None)
    with ExitStack() as blocked:
        if look is not None:
            for layer in layers:
                for name in ("data", "scale", "units", "axis_labels"):
                    blocked.enter_context(layer.events[name].blocker(look))
        yield
    if look is not None:
        look()


def keep_from_sliders(viewer: ViewerModel, layer: Layer) -> None:
    """Let a layer's new data leave the sliders alone: it always lies within the scan.

    napari looks at every layer's extent each time, sets the sliders' ranges, and slices every layer of the viewer again.
    """
    looks = getattr(viewer, "_on_layers_change", None)
    if looks is not None:
        layer.events.data.disconnect(looks)


def note_extent(layer: Layer) -> None:
    """After new data of a layer that may be hidden: let napari look anew where it lies.

    napari does so of visible layers only.  The next view that is fitted to all layers would leave room for a scan long gone.
    """
    if not layer.visible:
        layer._clear_extent()
