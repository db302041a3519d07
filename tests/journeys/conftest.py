"""What journeys share: waiting for the window, and a workspace on a real case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def workspace(make_napari_viewer: Callable[..., Any], qtbot: Any) -> Callable[[], tuple[Any, Any]]:
    """A real window with the workspace laid out: (viewer, session)."""
    from napari_spatialmed.viewer.session import session_for
    from napari_spatialmed.viewer.workspace import open_workspace

    def make() -> tuple[Any, Any]:
        viewer = make_napari_viewer(show=True)
        open_workspace(viewer)
        return viewer, session_for(viewer)

    return make


@pytest.fixture
def abdomen(shared: Callable[[str], Path]) -> dict[str, Any]:
    """The real abdominal CT with 61 structures."""
    folder = shared("cases/ts_abdomen_ct")
    return {"labels": folder / "seg_total.nii.gz", "image": folder / "ct.nii.gz", "names": "totalsegmentator"}
