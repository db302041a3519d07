"""A small case whose geometry is known, and a server that plays the team's models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from napari_spatialmed.case import Case, make_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Endpoint
from napari_spatialmed.llm import dialect as dialect_module

BOXES = {
    "liver": ((22, 50), (20, 60), (30, 60)),
    "spleen": ((4, 14), (14, 30), (40, 60)),
    "kidney_right": ((26, 38), (8, 18), (12, 28)),
    "kidney_left": ((4, 14), (6, 13), (16, 37)),
    "aorta": ((15, 19), (16, 22), (4, 70)),
    "pancreas": ((8, 21), (26, 36), (30, 38)),
    "gallbladder": ((30, 38), (61, 69), (22, 30)),
    "urinary_bladder": ((12, 30), (30, 48), (3, 14)),
    "stomach": ((3, 20), (38, 58), (40, 64)),
    "vertebrae_L1": ((14, 24), (4, 14), (30, 38)),
}
"""Index boxes in (R, A, S) order on a grid of 4 mm voxels."""


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, endpoint or cache of the machine reaches a test."""
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "settings"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(dialect_module, "_known", {})


def build_case(names: dict[str, str] | None = None) -> Case:
    """The case; `names` renames structures."""
    labels = np.zeros((54, 72, 74), np.uint8)
    table = {}
    for label, (name, box) in enumerate(BOXES.items(), start=1):
        labels[tuple(slice(*bounds) for bounds in box)] = label
        table[label] = (names or {}).get(name, name)
    return make_case(
        labels,
        np.diag([4.0, 4.0, 4.0, 1.0]),
        names={name: label for label, name in table.items()},
        modality="CT",
    )


@pytest.fixture
def geometry() -> CaseGeometry:
    """The small case's geometry."""
    return CaseGeometry(build_case())


Reply = Callable[[dict[str, Any], int], Any]


@pytest.fixture
def model(httpserver: HTTPServer) -> Callable[..., tuple[Endpoint, list[dict[str, Any]]]]:
    """Start a model: ``model(reply)`` gives its endpoint and the bodies it was sent.

    `reply(body, n)` gives the content (text or JSON data), or a `Response`.
    """

    def start(reply: Reply, name: str = "m", **settings: Any) -> tuple[Endpoint, list[dict[str, Any]]]:
        bodies: list[dict[str, Any]] = []

        def handle(request: Request) -> Response:
            body = json.loads(request.data)
            bodies.append(body)
            said = reply(body, len(bodies))
            if isinstance(said, Response):
                return said
            content = said if isinstance(said, str) or said is None else json.dumps(said)
            choice = {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": content},
            }
            data = {
                "model": name,
                "choices": [choice],
                "usage": {"prompt_tokens": 100, "completion_tokens": 20},
            }
            return Response(json.dumps(data), content_type="application/json")

        httpserver.expect_request(f"/{name}/chat/completions").respond_with_handler(handle)
        httpserver.expect_request(f"/{name}/models").respond_with_json({"data": [{"id": name}]})
        settings = {"retries": 0, "timeout": 60.0, **settings}
        return Endpoint(name=name, base_url=httpserver.url_for(f"/{name}"), model=name, **settings), bodies

    return start
