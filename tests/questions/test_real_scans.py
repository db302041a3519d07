"""The forms and rules on real scans, where these are on this machine."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

import pytest

from napari_spatialmed.case import open_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import (
    FORMS,
    PAPER_TASKS,
    Question,
    UndecidableError,
    audit,
    build_question,
    check_question,
    failed,
    recompute,
)

SCANS = {
    "abdomen": ("cases/ts_abdomen_ct/seg_total.nii.gz", "totalsegmentator"),
    "amos": ("cases/amos_0013_label_only/amos_0013.nii.gz", "amos"),
    "kidney tumour": ("cases/kits19_label_only/kits19_case_00004.nii.gz", "kits19"),
    "brain tumour": ("cases/btk_tcga_fg_6692/simple.nii.gz", "brats2021"),
}


def propose(geometry: CaseGeometry, each: int) -> tuple[list[Question], Counter[str]]:
    """A few candidates of every form, built where the rules allow."""
    built: list[Question] = []
    refused: Counter[str] = Counter()
    for form in FORMS.values():
        for candidate in islice(form.candidates(geometry), each):
            try:
                built.append(
                    build_question(geometry, form.id, candidate.structures, params=candidate.params, seed=1)
                )
            except UndecidableError as error:
                refused[error.rule] += 1
    return built, refused


@pytest.fixture(scope="module")
def abdomen(shared) -> CaseGeometry:
    path, names = SCANS["abdomen"]
    return CaseGeometry(open_case(shared(path), names=names))


@pytest.mark.parametrize(
    ("scan", "least"), [("abdomen", 100), ("amos", 100), ("kidney tumour", 10), ("brain tumour", 20)]
)
def test_every_question_of_a_real_scan_passes_and_recomputes(scan: str, least: int, shared) -> None:
    path, names = SCANS[scan]
    geometry = CaseGeometry(open_case(shared(path), names=names))
    built, _ = propose(geometry, 5)
    assert len(built) >= least
    for question in built:
        assert failed(check_question(question, geometry)) == [], question
        assert recompute(question, geometry).matches


def test_all_six_tasks_come_from_one_abdomen(abdomen: CaseGeometry) -> None:
    built, _ = propose(abdomen, 6)
    counts = Counter(question.task for question in built)
    assert all(counts[task] >= 6 for task in PAPER_TASKS)
    assert audit(built).passed, audit(built).text()


def test_naive_proposals_are_refused_rule_by_rule(abdomen: CaseGeometry) -> None:
    rng = random.Random(7)
    names = [structure.name for structure in abdomen.case]
    refused: Counter[str] = Counter()
    for _ in range(1200):
        form = rng.choice(list(FORMS.values()))
        chosen = rng.sample(names, form.takes.least)
        params = {name: rng.choice(values) for name, values in form.choices.items()}
        try:
            build_question(abdomen, form.id, chosen, params=params)
        except UndecidableError as error:
            refused[error.rule] += 1
    assert {"U1", "U2", "U3", "U5", "U6", "O2", "O3", "O5", "O6"} <= set(refused), refused
