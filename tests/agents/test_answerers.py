"""The offline blind readers know anatomy and nothing of the scan."""

from __future__ import annotations

import asyncio

import pytest

from napari_spatialmed.agents import Answerer, BlindItem, blind_item, offline_panel
from napari_spatialmed.agents.answerers import OrdinalAnatomy, TestWise, TypicalAnatomy
from napari_spatialmed.case import Case
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import build_question

from .conftest import build_case


@pytest.fixture(scope="module")
def case() -> Case:
    return build_case()


def item(
    case: Case, form: str, task: str, stem: str, options: tuple[str, ...], unit: str = "", **more: str
) -> BlindItem:
    named = [s for s in case.structures if s.title in stem or any(s.title in option for option in options)]
    named.sort(key=lambda s: stem.find(s.title) if s.title in stem else 999)
    inside = {
        option: tuple(sorted((s for s in named if s.title in option), key=lambda s: option.find(s.title)))
        for option in options
    }
    return BlindItem(stem, options, unit, task, form, tuple(named), inside, **more)


def said(reader: Answerer, question: BlindItem) -> str | None:
    answer = asyncio.run(reader.answer(question))
    return None if answer.option is None else question.options[answer.option]


@pytest.mark.parametrize("reader", [TypicalAnatomy(), OrdinalAnatomy()])
@pytest.mark.parametrize(
    ("form", "task", "stem", "options", "unit", "more", "answer"),
    [
        ("dir.axis", "DIR", "Where does the urinary bladder lie relative to the liver along superior–inferior?", ("inferior", "superior"), "", {"axis": "SI"}, "inferior"),
        ("dir.quadrant", "DIR", "Where does the spleen lie relative to the aorta?", ("left and posterior", "right and anterior"), "", {}, "left and posterior"),
        ("comp.pair", "COMP", "By volume, how does the liver compare with the spleen?", ("larger", "smaller", "approximately equal (within 10 %)"), "%", {}, "larger"),
        ("comp.rank", "COMP", "Rank by volume.", ("spleen > liver > pancreas", "liver > spleen > pancreas"), "mL", {}, "liver > spleen > pancreas"),
        ("comp.largest", "COMP", "Which has the largest volume?", ("gallbladder", "liver", "pancreas"), "mL", {}, "liver"),
        ("dir.most", "DIR", "Which of these structures has its centre farthest superior?", ("urinary bladder", "spleen", "pancreas"), "mm", {"towards": "superior"}, "spleen"),
        ("dir.side", "DIR", "On which side of the body's midline does the centre of the spleen lie?", ("right", "left"), "", {"axis": "RL"}, "left"),
        ("ext.axis_value", "EXT", "How long is the liver along the right–left axis?", ("120 mm", "160 mm", "205 mm"), "mm", {"axis": "RL"}, "205 mm"),
        ("dist.nearest", "DIST", "Which of these structures lies nearest to the gallbladder, between their surfaces?", ("spleen", "liver", "urinary bladder"), "mm", {}, "liver"),
        ("vol.interval", "VOL", "What is the volume of the liver?", ("400 to under 900 mL", "900 to under 2400 mL", "2400 to under 3900 mL"), "mL", {}, "900 to under 2400 mL"),
    ],
)  # fmt: skip
def test_textbook_questions_are_known(
    case: Case,
    reader: Answerer,
    form: str,
    task: str,
    stem: str,
    options: tuple[str, ...],
    unit: str,
    more: dict[str, str],
    answer: str,
) -> None:
    question = item(case, form, task, stem, options, unit, **more)
    assert said(reader, question) == answer
    turned = item(case, form, task, stem, options[::-1], unit, **more)
    assert said(reader, turned) == answer


def test_the_test_wise_guesser_knows_no_anatomy(case: Case) -> None:
    reader = TestWise()
    volumes = item(
        case,
        "vol.value",
        "VOL",
        "What is the volume of the liver?",
        ("10 mL", "1500 mL", "3000 mL", "4000 mL"),
        "mL",
    )
    assert said(reader, volumes) == "1500 mL"  # the second smallest
    stem = "Where does the left kidney lie relative to the right kidney?"
    assert said(reader, item(case, "dir.axis", "DIR", stem, ("left", "right"), axis="RL")) == "left"


def test_a_blind_item_holds_nothing_of_the_labels() -> None:
    first, second = CaseGeometry(build_case()), CaseGeometry(build_case())
    second.case.labels[second.case.labels == 2] = 0
    second.case.labels[10:20, 10:20, 10:20] = 2  # the spleen elsewhere and of another size
    second.update(slice(None))
    for form in ("vol.interval", "dir.axis"):
        structures = ["spleen"] if form == "vol.interval" else ["spleen", "urinary_bladder"]
        question = build_question(first, form, structures, seed=1)
        assert blind_item(question, first.case) == blind_item(question, second.case)


@pytest.mark.parametrize(
    ("stem", "subject"),
    [
        (
            "Seen from the liver, in which direction along the superior–inferior axis does the spleen lie?",
            "spleen",
        ),
        (
            "Compare positions along the superior–inferior axis: on which side of the liver is the spleen?",
            "spleen",
        ),
        ("Along the superior–inferior axis, where does the spleen lie relative to the liver?", "spleen"),
    ],
)
def test_who_is_seen_from_whom_is_read_from_the_words(
    geometry: CaseGeometry, stem: str, subject: str
) -> None:
    question = build_question(geometry, "dir.axis", ["spleen", "aorta"], params={"axis": "AP"}, seed=1)
    question = question.model_copy(
        update={"stem": stem, "key": question.key.model_copy(update={"structures": ("spleen", "liver")})}
    )
    assert blind_item(question, geometry.case).structures[0].name == subject


def test_the_panel_has_three_readers_with_honest_names() -> None:
    names = [reader.name for reader in offline_panel()]
    assert len(set(names)) == 3
    assert all(name.startswith("blind: ") for name in names)
