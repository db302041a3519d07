"""Questions from elsewhere: a plan first, and never a silent overwrite."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from napari_spatialmed.benchmark import Benchmark, BenchmarkError, export, import_, plan_import, read
from napari_spatialmed.benchmark.verification import verify_file
from napari_spatialmed.questions.model import Question

Make = Callable[..., Question]

PAPER_STYLE = [
    {"question": "Where does the liver lie, seen from the spleen?", "options": ["A. left", "B. right", "C. above", "D. below"],
     "answer": "B", "task": "Directional", "scan": "/data/patients/DOE_JOHN/ct.nii.gz"},
    {"question": "Which is larger?", "options": {"A": "liver", "B": "colon"}, "answer": "liver", "task": "COMP", "scan": "s1"},
    {"question": "Report the volume of the cancer.", "answer": "196.578 cm3", "unit": "mL", "task": "volume estimation", "scan": "s1"},
    {"question": "How far?", "options": ["1 mm", "2 mm"], "answer": "3 mm", "task": "DIST", "scan": "s1"},
    {"question": "How odd?", "options": ["1", "2"], "answer": "A", "task": "Astrology", "scan": "s1"},
    {"question": "", "options": ["1", "2"], "answer": "A", "task": "DIR", "scan": "s1"},
    {"question": "Twice?", "options": ["1", "1"], "answer": "A", "task": "DIR", "scan": "s1"},
]  # fmt: skip


def test_a_table_in_the_papers_style(anna: Benchmark, tmp_path: Path) -> None:
    source = tmp_path / "paper.json"
    source.write_text(json.dumps(PAPER_STYLE))
    before = anna.path.read_bytes()
    plan = plan_import(source, anna.state)
    assert anna.path.read_bytes() == before, "planning writes nothing"
    assert [q.answer for q in plan.added] == ["B", "A", "196.578"]
    assert [q.task for q in plan.added] == ["DIR", "COMP", "VOLEST"]
    assert plan.added[0].options == ("left", "right", "above", "below")
    assert plan.unverified == 3
    assert [row for row, _ in plan.invalid] == [4, 5, 6, 7]
    import_(plan, anna)
    assert all(anna.state.questions[q.id].status == "pending" for q in plan.added)
    assert "DOE" not in anna.path.read_text("utf-8")
    again = plan_import(source, anna.state)
    assert (again.added, again.changed, again.unchanged) == ([], [], 3)


def test_csv_with_a_column_for_each_option(anna: Benchmark, tmp_path: Path) -> None:
    source = tmp_path / "table.csv"
    source.write_text(
        "ID,Question,A,B,C,D,Answer,Task,Scan\n7,How wide?,1 cm,2 cm,3 cm,4 cm,C,EXT,s1\n8,How high?,1 cm,,,,A,EXT,s1\n"
    )
    plan = plan_import(source, anna.state)
    assert plan.added[0].answer_text == "3 cm"
    assert plan.invalid == [(2, "1 options")]


def test_line_separators_are_text_and_half_a_character_is_not(anna: Benchmark, tmp_path: Path) -> None:
    row = {
        "question": "How\u2028wide?",
        "options": ["1 cm", "2 cm"],
        "answer": "A",
        "task": "EXT",
        "scan": "s1",
    }
    source = tmp_path / "t.jsonl"
    rows = (json.dumps(row, ensure_ascii=False), json.dumps(row | {"question": "How wide \ud83d?"}))
    source.write_text("\n".join(rows), "utf-8")
    plan = plan_import(source, anna.state)
    assert [q.stem for q in plan.added] == ["How\u2028wide?"]
    assert [(number, "half a character" in why) for number, why in plan.invalid] == [(2, True)]
    import_(plan, anna)
    assert read(anna.path).state.questions[plan.added[0].id].question.stem == "How\u2028wide?"
    with pytest.raises(BenchmarkError, match="half a character"):
        anna.append("note", "so \ud83d")


def test_a_changed_text_is_shown_and_only_taken_on_request(anna: Benchmark, tmp_path: Path) -> None:
    source = tmp_path / "t.jsonl"
    row = {
        "id": 7,
        "question": "How wide?",
        "options": ["1 cm", "2 cm"],
        "answer": "A",
        "task": "EXT",
        "scan": "s1",
    }
    source.write_text(json.dumps(row))
    import_(plan_import(source, anna.state), anna)
    source.write_text(json.dumps(row | {"question": "How broad?"}))
    plan = plan_import(source, anna.state)
    assert [c.fields for c in plan.changed] == [("stem",)]
    import_(plan, anna)
    held = anna.state.questions[plan.changed[0].question]
    assert held.question.stem == "How wide?"
    import_(plan, anna, with_changes=True)
    assert (held.question.stem, held.revision) == ("How broad?", 2)


@pytest.mark.parametrize("format", ["jsonl", "csv", "hf"])
def test_our_own_exports_come_back_as_they_were(
    anna: Benchmark, tmp_path: Path, question: Make, format: str
) -> None:
    for number in (2, 3):
        anna.propose(
            question(
                number, task="VOLEST" if number == 3 else "DIST", rationale='it\'s "so", ä', uncertainty=1.5
            )
        )
    for number in (1, 2, 3):
        anna.adjudicate(question(number).id, keep=True, note="test")
    export(anna.path, tmp_path / "out", format, splits={"test": 1.0})  # type: ignore[arg-type]
    source = {"jsonl": "questions.jsonl", "csv": "questions.csv", "hf": "data/test.parquet"}[format]
    plan = plan_import(tmp_path / "out" / source, anna.state)
    assert (len(plan.added), plan.changed, plan.unchanged, plan.invalid) == (0, [], 3, [])


def test_a_key_that_its_form_cannot_take_is_not_imported(
    anna: Benchmark, tmp_path: Path, question: Make
) -> None:
    made = question(2)
    key = made.key.model_copy(update={"structures": ("liver",)})
    source = tmp_path / "ours.json"
    source.write_text(json.dumps([made.model_copy(update={"key": key}).model_dump(mode="json")]))
    plan = plan_import(source, anna.state)
    assert plan.added == []
    assert plan.invalid == [
        (1, "the answer key names liver; dist.surface_value takes 2 different ones"),
    ]


def test_unverified_questions_are_named_by_verify(anna: Benchmark, tmp_path: Path) -> None:
    source = tmp_path / "paper.json"
    source.write_text(json.dumps({"questions": PAPER_STYLE[:1]}))
    plan = plan_import(source, anna.state)
    import_(plan, anna)
    folder = tmp_path / "cases"
    folder.mkdir()
    other = np.zeros((8, 8, 8), np.uint8)
    other[2:5, 2:5, 2:5] = 1
    nibabel.save(nibabel.Nifti1Image(other, np.eye(4)), folder / "other_seg.nii.gz")
    found = verify_file(anna.path, cases=folder)
    assert found.unverified == [plan.added[0].id]
    assert found.missing_cases == ["case-000000000001"]
    assert found.ok
    assert not found.complete


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_as_spreadsheets_write_them(anna: Benchmark, tmp_path: Path, separator: str) -> None:
    source = tmp_path / "table.csv"
    head, row = (
        ["question", "A", "B", "answer", "task", "scan", "remark"],
        ["Which is larger?", "liver", "spleen", "A", "COMP", "s1", "x" * 200_000],
    )
    source.write_text(separator.join(head) + "\n" + separator.join(row) + "\n")
    plan = plan_import(source, anna.state)
    assert [(q.options, q.answer) for q in plan.added] == [(("liver", "spleen"), "A")]
    assert plan.invalid == []


@pytest.mark.parametrize(
    ("field", "value"), [("case", None), ("case", 3), ("key", 3), ("options", 3), ("structures", 3)]
)
def test_fields_of_another_kind_are_invalid_rows(
    anna: Benchmark, tmp_path: Path, field: str, value: object
) -> None:
    ours = json.loads(anna.state.questions[next(iter(anna.state.questions))].question.model_dump_json())
    source = tmp_path / "rows.json"
    source.write_text(json.dumps([{**ours, field: value}, {**PAPER_STYLE[0], field: value}]))
    assert plan_import(source, anna.state).invalid


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("x.json", b"{", "line 1 is not JSON"), ("x.txt", b"", "can't be imported"), ("x.csv", b"\xff\xfe\x00", "UTF-8"),
     ("x.json", b"3", "no list of questions"), ("x.json", b"[" * 100_000, "too deep"), ("x.json", b"9" * 5000, "too long"),
     ("x.parquet", b"PAR0", "Parquet"), ("x.spatialmed.jsonl", b"", "merge"), (None, b"", "no such file")],
)  # fmt: skip
def test_bad_files_are_refused_with_a_sentence(
    anna: Benchmark, tmp_path: Path, name: str | None, content: bytes, says: str
) -> None:
    source = tmp_path / (name or "missing.json")
    if name:
        source.write_bytes(content)
    with pytest.raises(BenchmarkError, match=says):
        plan_import(source, anna.state)
