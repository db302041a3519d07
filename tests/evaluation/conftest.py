"""A marker volume: a small cube in each direction of the patient, so that a mirrored picture can't pass."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed.benchmark import create
from napari_spatialmed.case import Case, make_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.model import AnswerKey, Question

MARKERS = {"right": 1, "left": 2, "anterior": 3, "posterior": 4, "superior": 5, "inferior": 6}


def marker_case(image: bool = True, modality: str = "CT") -> Case:
    """60 × 70 × 80 mm in RAS array order (R, A, S grow), with a cube near each face."""
    labels = np.zeros((60, 70, 80), np.uint8)
    middle = np.array(labels.shape) // 2
    offsets = {"right": (22, 0, 0), "left": (-22, 0, 0), "anterior": (0, 26, 0), "posterior": (0, -26, 0),
               "superior": (0, 0, 30), "inferior": (0, 0, -30)}  # fmt: skip
    for name, offset in offsets.items():
        centre = middle + offset
        labels[tuple(slice(int(c) - 4, int(c) + 4) for c in centre)] = MARKERS[name]
    # Index grows to the right in this array, so R = +x needs a positive first column.
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    scan = np.where(labels > 0, 200, 0).astype(np.int16) if image else None
    return make_case(labels, affine, names={v: k for k, v in MARKERS.items()}, image=scan, modality=modality)


@pytest.fixture(scope="session")
def markers() -> CaseGeometry:
    return CaseGeometry(marker_case())


@pytest.fixture
def choice() -> Question:
    """A multiple-choice question whose right answer is B."""
    return Question(
        id="q-000000000001",
        case="case-1",
        key=AnswerKey(task="DIR", form="dir.axis", structures=("left", "right"), params={"axis": "RL", "titles": {"left": "left marker", "right": "right marker"}}),
        stem="On which side of the right marker does the left marker lie?",
        options=("to the patient's right", "to the patient's left", "above it", "below it"),
        answer="B",
        truth="left",
        evidence=(
            {"calculator": "direction", "value": {"RL": "left", "AP": None, "SI": None}, "unit": "",
             "structures": ["left", "right"], "detail": {}, "flags": [], "method": "", "uncertainty": None},
        ),
    )  # fmt: skip


@pytest.fixture
def number() -> Question:
    """An open question whose truth is 100 mL."""
    return Question(
        id="q-000000000002",
        case="case-1",
        key=AnswerKey(task="VOLEST", form="volest.volume", structures=("left",), unit="mL"),
        stem="What is the volume of the left marker?",
        answer="100",
        truth=100.0,
        unit="mL",
        evidence=({"calculator": "volume_ml", "value": 100.0, "unit": "mL", "structures": ["left"]},),
    )


@pytest.fixture
def folder_of_cases(tmp_path: Path) -> Path:
    """A folder with the marker case as NIfTI files, as a user has them."""
    case = marker_case()
    folder = tmp_path / "cases"
    folder.mkdir()
    nib.save(nib.Nifti1Image(case.labels, case.affine), folder / "scan_seg.nii.gz")
    nib.save(nib.Nifti1Image(case.image, case.affine), folder / "scan.nii.gz")
    table = {str(s.label): s.name for s in case.structures}
    (folder / "names.json").write_text(json.dumps(table))
    return folder


def many_questions(choice: Question, number: Question, case_id: str, count: int) -> list[Question]:
    """`count` questions, each with a text of its own; every fifth is an open one."""
    return [
        (number if i % 5 == 4 else choice).model_copy(
            update={
                "id": f"q-{i:012x}",
                "case": case_id,
                "stem": f"Number {i}: {(number if i % 5 == 4 else choice).stem}",
            }
        )
        for i in range(count)
    ]


def write_benchmark(path: Path, questions: list[Question], patient: str = "p1") -> Path:
    """A benchmark file with these questions, waiting for reviewers."""
    opened = create(path, actor="tester", title="markers")
    opened.register_case(marker_case(), patient=patient)
    for question in questions:
        opened.propose(question, accepted=True)
    return path
