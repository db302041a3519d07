"""The commands about a benchmark file, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import CliRunner, Result

from napari_spatialmed import benchmark
from napari_spatialmed.case import make_case
from napari_spatialmed.cli import cli
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import AnswerKey, Question, build_question

Run = Callable[..., Result]
NAMES = {1: "liver", 2: "spleen", 3: "stomach"}
AFFINE = np.diag([2.0, 2.0, 3.0, 1.0])


def boxes() -> np.ndarray:
    """Three boxes far apart, in R, A, S order."""
    labels = np.zeros((80, 60, 50), np.uint8)
    labels[50:75, 20:45, 15:40] = 1
    labels[5:17, 22:34, 20:32] = 2
    labels[25:40, 35:50, 10:22] = 3
    return labels


@pytest.fixture
def run() -> Run:
    def command(*arguments: object, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin)
        if isinstance(result.exception, SpatialMedError):  # as main() does
            result.exit_code = 3
        return result

    return command


@pytest.fixture
def question() -> Question:
    return Question(
        id="q-000000000001",
        case="case-000000000001",
        key=AnswerKey(task="DIST", form="dist.surface_value", structures=("liver", "spleen")),
        stem="How far apart are the liver and the spleen?",
        options=("10 mm", "20 mm", "40 mm", "80 mm"),
        answer="B",
        truth=20.0,
        unit="mm",
    )


@pytest.fixture
def file(tmp_path: Path, question: Question) -> Path:
    path = tmp_path / "study.spatialmed.jsonl"
    benchmark.create(path, actor="Anna", title="Study").propose(question)
    return path


@pytest.fixture
def computed(tmp_path: Path) -> Path:
    """A benchmark of one computed question, with its label map in `cases/`."""
    (tmp_path / "cases").mkdir()
    nibabel.save(nibabel.Nifti1Image(boxes(), AFFINE), tmp_path / "cases" / "labels_seg.nii.gz")
    case = make_case(boxes(), AFFINE, names=NAMES, modality="CT")
    (tmp_path / "names.json").write_text(json.dumps({name: label for label, name in NAMES.items()}))
    made = benchmark.create(tmp_path / "study.spatialmed.jsonl", actor="Anna")
    made.register_case(case)
    made.propose(build_question(CaseGeometry(case), "volest.absolute", ("liver",)))
    return tmp_path


def test_verify_says_ok_and_exits_0(run: Run, file: Path) -> None:
    result = run("verify", file)
    assert result.exit_code == 0
    assert "chain and schema: ok" in result.output


def test_verify_names_the_damaged_line_and_exits_3(run: Run, file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:50] + b"~" + data[51:])
    result = run("verify", file)
    assert result.exit_code == 3
    assert "line 1" in result.output
    told = json.loads(run("verify", file, "--json").stdout)
    assert told["ok"] is False
    assert told["problems"][0]["line"] == 1


def test_verify_recomputes_every_answer(run: Run, computed: Path) -> None:
    arguments = (
        "verify",
        computed / "study.spatialmed.jsonl",
        "--cases",
        computed / "cases",
        "--names",
        computed / "names.json",
    )
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert "1 of 1 recomputed ones agree" in result.output

    opened = benchmark.open(computed / "study.spatialmed.jsonl", actor="Mallory")
    (held,) = opened.state.questions.values()
    opened.edit(held.id, "answer", "1.0")
    result = run(*arguments)
    assert result.exit_code == 3
    assert "MISMATCH" in result.output
    assert "'1.0'" in result.output


def test_verify_exits_4_where_a_case_is_missing(run: Run, computed: Path) -> None:
    other = boxes()
    other[0, 0, 0] = 2
    nibabel.save(nibabel.Nifti1Image(other, AFFINE), computed / "cases" / "labels_seg.nii.gz")
    result = run(
        "verify",
        computed / "study.spatialmed.jsonl",
        "--cases",
        computed / "cases",
        "--names",
        computed / "names.json",
    )
    assert result.exit_code == 4, result.output
    assert "not checked" in result.output


@pytest.mark.parametrize("command", ["verify", "audit", "repair", "log", "stats", "review"])
def test_a_missing_file_is_refused_and_not_made(run: Run, tmp_path: Path, command: str) -> None:
    result = run(command, tmp_path / "nothing.spatialmed.jsonl")
    assert result.exit_code == 3
    assert "no such file" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["verify", "audit", "repair", "log", "stats", "review"])
def test_a_file_of_another_kind_is_refused_and_left_alone(run: Run, tmp_path: Path, command: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n")
    result = run(command, path)
    assert result.exit_code == 3
    assert "not a benchmark" in str(result.exception)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_repair_sets_aside_and_verify_is_content_again(run: Run, file: Path) -> None:
    benchmark.open(file, actor="Bob").append("note", "x")
    data = file.read_bytes()
    file.write_bytes(data.replace(b'"text":"x"', b'"text":"y"'))
    assert run("verify", file).exit_code == 3
    assert "1 lines set aside" in run("repair", file).output
    assert run("verify", file).exit_code == 0
    assert "nothing to repair" in run("repair", file).output


def test_merge_tells_what_came_from_where(run: Run, file: Path, tmp_path: Path, question: Question) -> None:
    copy = tmp_path / "bob.spatialmed.jsonl"
    copy.write_bytes(file.read_bytes())
    benchmark.open(file, actor="Anna").edit(question.id, "stem", "Anna's?")
    benchmark.open(copy, actor="Bob").edit(question.id, "stem", "Bob's?")
    result = run("merge", file, copy, "--out", tmp_path / "all.spatialmed.jsonl")
    assert result.exit_code == 0
    assert f"conflict: {question.id}" in result.output


def test_log_says_who_when_what_and_why(run: Run, file: Path, question: Question) -> None:
    benchmark.open(file, actor="Bob").edit(question.id, "stem", "How far?", "shorter")
    output = run("log", file, "--question", question.id).output
    assert "Bob" in output
    assert "→ 'How far?'  (shorter)" in output
    assert len(json.loads(run("log", file, "--last", 2, "--json").stdout)) == 2


def test_what_others_wrote_moves_no_cursor(run: Run, file: Path, question: Question) -> None:
    trap = "seen \x1b]0;title\x07\x1b[2J\rgone\x9b1m"
    opened = benchmark.open(file, actor="Mallory")
    opened.edit(question.id, "stem", question.stem + trap)
    opened.comment(question.id, trap)
    for command in (("log", file), ("stats", file, "--questions")):
        output = run(*command).output
        assert "seen ]0;title[2Jgone1m" in output
        assert not set("\x1b\x07\r\x9b") & set(output)


def test_stats_show_funnel_and_agreement(run: Run, file: Path, question: Question) -> None:
    for name, score in (("Anna", 2), ("Bob", 1), ("Chen", 2)):
        benchmark.open(file, actor=name).review(question.id, score)  # type: ignore[arg-type]
    output = run("stats", file, "--questions").output
    assert "Anna × Chen" in output
    assert question.stem in output
    told = json.loads(run("stats", file, "--json").stdout)
    assert told["statuses"] == {"kept": 1}
    assert told["funnel"]["total"]["kept"] == 1


def test_audit_needs_kept_questions_or_all(run: Run, file: Path) -> None:
    assert "no question is kept" in str(run("audit", file).exception)
    assert json.loads(run("audit", file, "--all", "--json").stdout)["questions"] == 1


def test_review_takes_answers_from_a_pipe(run: Run, file: Path, question: Question) -> None:
    result = run("review", file, "--actor", "Chen", stdin="?\n1\n7 9\n")
    assert result.exit_code == 0, result.output
    assert "nothing is left" in result.output
    review = benchmark.read(file).state.questions[question.id].reviews["Chen"]
    assert (review.score, review.reasons) == (1, ("truncated", "implausible_value"))


def test_review_ends_quietly_without_input_and_can_skip_flag_and_undo(
    run: Run, file: Path, question: Question
) -> None:
    before = file.read_bytes()
    assert run("review", file, "--actor", "Chen", stdin="").exit_code == 0
    assert file.read_bytes() == before
    run("review", file, "--actor", "Chen", stdin="f\nwhich lesion?\ns\n")
    state = benchmark.read(file).state
    assert state.queue("Chen")[0].state == "skipped"
    assert state.questions[question.id].flags[0].text == "which lesion?"
    run("review", file, "--actor", "Chen", "--skipped", stdin="u\nx\n\nq\n")
    assert benchmark.read(file).state.questions[question.id].reviews["Chen"].score is None


def test_review_is_blind(run: Run, file: Path) -> None:
    benchmark.open(file, actor="Bob").review("q-000000000001", 0, ["trivial"], "Bob thinks it is trivial")
    output = run("review", file, "--actor", "Chen", stdin="q\n").output
    assert "Bob" not in output
    assert "trivial" not in output


def test_review_summary_needs_no_terminal_and_writes_nothing(run: Run, file: Path) -> None:
    before = file.read_bytes()
    assert "pending 1" in run("review", file, "--summary", "--actor", "Chen").output
    assert json.loads(run("review", file, "--json", "--actor", "Chen").stdout)["queue"]["pending"] == 1
    assert file.read_bytes() == before
