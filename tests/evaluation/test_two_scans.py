"""A question that compares two scans is asked with pictures of both, and never with those of one."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from napari_spatialmed.case import make_case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation import LAYOUTS, ViewError, prompt_for, view_for
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.evaluation.runplan import Item
from napari_spatialmed.evaluation.runs import evaluate_benchmark
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Client, Endpoint
from napari_spatialmed.questions.model import AnswerKey, Question

from .model_server import ModelServer


@pytest.fixture(scope="session")
def later() -> CaseGeometry:
    """The same body on coarser voxels, with a larger left marker."""
    labels = np.zeros((40, 47, 53), np.uint8)
    labels[2:12, 20:28, 22:30] = 2
    scan = np.where(labels > 0, 200, 0).astype(np.int16)
    return CaseGeometry(make_case(labels, np.diag([2.0, 2.0, 2.0, 1.0]), names={2: "left"}, image=scan, modality="CT"))  # fmt: skip


@pytest.fixture
def difference(markers, later) -> Question:
    volumes = [
        {"calculator": "volume_ml", "value": v, "unit": "mL", "structures": ["left"]} for v in (0.512, 5.12)
    ]
    return Question(
        id="q-000000000009",
        case=markers.case.id,
        key=AnswerKey(task="VOLEST", form="volest.difference", structures=("left",), unit="mL", params={"other_case": later.case.id}),
        stem="By how many mL does the volume of the left marker differ between the first and the second scan?",
        answer="4.608", truth=4.608, unit="mL", evidence=(volumes[0], volumes[1] | {"case": later.case.id}),
    )  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_both_scans_are_shown_at_one_scale_and_named(markers, later, difference, layout):
    view = view_for(markers, difference, layout=layout, outlines=True, find_case={later.case.id: later}.__getitem__)  # fmt: skip
    first, second = view.pictures[: -view.of_second], view.pictures[-view.of_second :]
    assert first
    assert second
    assert all(p.caption.startswith("First scan. ") for p in first)
    assert all(p.caption.startswith("Second scan. ") for p in second)
    assert len({round(p.mm_per_pixel, 9) for p in view.pictures}) == 1, "sizes can be compared by eye"
    assert {v.reason.partition(":")[0] for v in view.audit} == {"first scan", "second scan"}
    alone = [
        view_for(g, difference.model_copy(update={"key": difference.key.model_copy(update={"params": {}})}), layout=layout)
        for g in (markers, later)
    ]  # fmt: skip
    assert view.visible["left"] <= max(v.visible["left"] for v in alone)


def test_the_prompt_says_which_picture_is_of_which_scan_and_the_oracle_which_volume(markers, later, difference):  # fmt: skip
    view = view_for(markers, difference, find_case=lambda _: later)
    text = prompt_for(difference, view, "oracle").text
    assert "6 pictures of two scans, 3 of the first and 3 of the second" in text
    assert "0.512 mL in the first scan" in text
    assert "5.12 mL in the second scan" in text


def test_without_the_second_scan_there_is_no_picture(markers, later, difference):
    with pytest.raises(ViewError, match="compares two scans"):
        view_for(markers, difference)
    bare = CaseGeometry(make_case(np.ones((8, 8, 8), np.uint8), np.eye(4), names={1: "liver"}))
    with pytest.raises(ViewError, match="left is not in the second scan"):
        view_for(markers, difference, find_case=lambda _: bare)


def test_a_run_sends_both_and_a_missing_second_scan_is_an_error_row(markers, later, difference, tmp_path):
    known = {markers.case.id: markers, later.case.id: later}

    def find(case_id: str) -> CaseGeometry:
        if case_id not in known:
            raise SpatialMedError(f"no file for {case_id}")
        return known[case_id]

    async def go(folder):
        async with Client(Endpoint(name="h", base_url=server.base_url, model="m")) as client:
            return await evaluate_benchmark(client, [Item(difference)], find, folder)

    with ModelServer() as server:
        asyncio.run(go(tmp_path / "both"))
        del known[later.case.id]
        lost = asyncio.run(go(tmp_path / "one"))
        assert len(server.bodies) == 1
    (row,) = RunFolder(tmp_path / "both").rows()
    assert len(row["pictures"]) == 6
    assert lost.outcomes["error"] == 1
