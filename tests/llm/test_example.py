"""The shipped example of endpoints can be read and promises nothing."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from napari_spatialmed.llm import endpoints


def test_the_papers_fourteen_models_and_three_specialists_are_listed() -> None:
    path = Path(str(importlib.resources.files("napari_spatialmed.llm").joinpath("endpoints.example.toml")))
    listed = endpoints(path)
    assert len(listed) == 17
    assert all("not run here" in endpoint.note for endpoint in listed.values())
    assert sum(endpoint.max_pictures == 0 for endpoint in listed.values()) == 3
