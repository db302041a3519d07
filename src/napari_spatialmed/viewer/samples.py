"""Our scans in napari's *File → Open Sample*."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any

import napari
from napari.components import ViewerModel
from qtpy.QtCore import QTimer

from napari_spatialmed.case import Case, open_sample
from napari_spatialmed.viewer.case_pictures import layer_data
from napari_spatialmed.viewer.layer_changes import OWNER
from napari_spatialmed.viewer.opening import show_open
from napari_spatialmed.viewer.pixels import windows
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.settings import first_ct_window, first_palette

LayerData = tuple[Any, dict[str, Any], str]


def phantom_abdomen() -> list[LayerData]:
    """The abdominal phantom."""
    return _sample("phantom-abdomen")


def phantom_brain() -> list[LayerData]:
    """The brain phantom."""
    return _sample("phantom-brain")


def totalsegmentator_abdomen() -> list[LayerData]:
    """The real abdominal scan; fetched once."""
    return _sample("totalsegmentator-abdomen")


def _sample(key: str) -> list[LayerData]:
    case = open_sample(key)
    viewer = napari.current_viewer()
    if viewer is not None:
        # napari insists on layers from a sample; the session puts its own in their place in the next turn.
        QTimer.singleShot(0, partial(_adopt, weakref.ref(viewer), case))
    return [
        (data, {**given, "metadata": {OWNER: "sample"}}, kind)
        for data, given, kind in layer_data(case, windows(case, first_ct_window()), first_palette())
    ]


def _adopt(viewer_ref: weakref.ref[ViewerModel], case: Case) -> None:
    viewer = viewer_ref()
    if viewer is None:
        return
    for layer in [layer for layer in viewer.layers if layer.metadata.get(OWNER) == "sample"]:
        viewer.layers.remove(layer)
    show_open(session_for(viewer), case)
