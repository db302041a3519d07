"""Our scans in napari's *File → Open Sample*."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QTimer

from napari_spatialmed.case import open_sample
from napari_spatialmed.viewer.case_pictures import Prepared
from napari_spatialmed.viewer.layer_changes import OWNER
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.workspace import show_dock

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
    viewer = napari.current_viewer()
    if viewer is None:
        return Prepared(open_sample(key)).layers
    # Reading a scan, or fetching it, takes seconds: that is the session's to do, in a thread.  But napari takes no sample
    # without a layer.
    QTimer.singleShot(0, partial(_open, weakref.ref(viewer), key))
    return [(np.zeros((1, 1, 1), np.uint8), {"visible": False, "metadata": {OWNER: "sample"}}, "labels")]


def _open(viewer_ref: weakref.ref[napari.viewer.Viewer], key: str) -> None:
    viewer = viewer_ref()
    if viewer is None:
        return
    for layer in [layer for layer in viewer.layers if layer.metadata.get(OWNER) == "sample"]:
        viewer.layers.remove(layer)
    # It shows how far it is, and what went wrong.
    show_dock(viewer, "Case")
    session_for(viewer).open_sample_async(key)
