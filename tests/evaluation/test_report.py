"""The report: numbers that add up, figures that are there, nothing from outside."""

from __future__ import annotations

import re

import numpy as np
import pytest

from napari_spatialmed.benchmark import create, read
from napari_spatialmed.evaluation.predictions import score_predictions
from napari_spatialmed.evaluation.report import mistakes, tables, write_report
from napari_spatialmed.evaluation.report.published import PUBLISHED
from napari_spatialmed.evaluation.results import read_items, read_runs
from napari_spatialmed.evaluation.runfolder import RunError

from .conftest import many_questions, marker_case


@pytest.fixture
def state(choice, number, tmp_path):
    """Forty questions over four patients."""
    opened = create(tmp_path / "b.spatialmed.jsonl", actor="t", title="<Markers & co>")
    questions = many_questions(choice, number, "", 40)
    for patient in range(4):
        case = marker_case()
        record = {"case": f"case-{patient}", "label_sha256": "0" * 64, "patient": f"p{patient}"}
        opened.append("case_registered", record)
        assert case
    for i, question in enumerate(questions):
        opened.propose(question.model_copy(update={"case": f"case-{i % 4}"}), accepted=True)
    return read(tmp_path / "b.spatialmed.jsonl").state


@pytest.fixture
def runs(state, tmp_path):
    """A model that is always right, one that always says C and halves every volume, and one that answered half."""
    import json

    folders = []
    for name in ("good", "poor", "lazy"):
        file = tmp_path / f"{name}.jsonl"
        lines = []
        for i, (qid, held) in enumerate(state.questions.items()):
            if name == "lazy" and i % 2:
                continue
            if held.question.is_open:
                text = "ANSWER: 100 mL" if name != "poor" else "The left is visible. ANSWER: 50 mL"
            else:
                text = (
                    "The left marker lies to the left of the right marker. ANSWER: B"
                    if name != "poor"
                    else "The left marker lies right of the right marker. ANSWER: C"
                )
            lines.append(json.dumps({"id": qid, "text": text}))
        file.write_text("\n".join(lines) + "\n")
        score_predictions(file, state, model=name, out=tmp_path / name)
        folders.append(tmp_path / name)
    return folders


def test_the_main_table(state, runs):
    items = read_items(state)
    models = read_runs(runs, items, state)
    good, poor, lazy = tables.main_table(items, models)
    assert (items.patients, len(items)) == (4, 40)
    assert good.average.score == 1.0
    assert good.average.adjusted == 1.0
    assert (poor.tasks["DIR"].score, poor.tasks["VOLEST"].score) == (0.0, pytest.approx(0.1))
    assert poor.tasks["DIR"].adjusted == pytest.approx(-1 / 3)
    assert lazy.outcomes["error"] == 20, "what was not asked is an error, never left out"
    assert all(sum(row.outcomes.values()) == 40 for row in (good, poor, lazy))
    assert good.tasks["VOLEST"].too_small
    assert not good.tasks["DIR"].too_small
    assert tables.chance_row(items) == {"DIR": 0.25, "VOLEST": None}


def test_differences_are_paired_and_corrected(state, runs):
    items = read_items(state)
    found = {(d.first, d.second): d for d in tables.paired_differences(items, read_runs(runs, items, state))}
    assert found["good", "poor"].difference == pytest.approx(0.95)
    assert len(found) == 3
    assert all(d.p_holm >= d.p for d in found.values())


def test_what_kinds_of_mistakes(state, runs):
    items = read_items(state)
    models = read_runs(runs, items, state)
    columns, counts = mistakes.direction_confusion(items, models[1].main)
    assert counts.sum() == 32
    assert counts[mistakes.DIRECTIONS.index("left"), columns.index("no answer")] == 32, (
        "'above it' is none of the six words"
    )
    _, bias = mistakes.position_bias(items, models)
    assert [row["shares"] for row in bias[:3]] == [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    good, poor, _ = mistakes.numeric_errors(items, models)
    assert (good["median"], good["bias"]) == (0, 0)
    assert (poor["median"], poor["bias"]) == (pytest.approx(0.5), pytest.approx(-0.5))
    explained = mistakes.explanations(items, models)
    assert explained[0]["right right"] == 1.0
    assert explained[1]["wrong wrong"] == 1.0
    assert sum(v for k, v in mistakes.error_taxonomy(items, models)[0].items() if k != "task") == 32
    assert tables.by_volume(items, models).names == ("medium (20–200 mL)",)


def test_the_file_needs_nothing_else_and_prints_no_nan(state, runs, markers, tmp_path):
    written = write_report(runs, state, tmp_path / "out" / "report.html", find_case=lambda _: markers)
    html = written.path.read_text("utf-8")
    assert "Not a medical device" in html
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert "http://" not in re.sub(r'xmlns(:\w+)?="[^"]*"|<rdf:RDF.*?</rdf:RDF>', "", html, flags=re.S)
    assert not re.search(r"\bnan\b|\bNone\b", re.sub(r"<svg.*?</svg>", "", html, flags=re.S))
    assert "&lt;Markers &amp; co&gt;" in html
    assert html.count("<svg") >= 5
    assert html.count("data:image/png;base64") >= 3, "the worst items show their pictures"
    assert all(name in html for name, _ in PUBLISHED)
    assert any("20 of 40 items have no answer" in note for note in written.notes)


def test_scores_can_be_read_again_in_the_published_mode(state, runs):
    items = read_items(state)
    exact, reference = (
        read_runs(runs, items, state, mra_mode=mode)[1] for mode in ("exact", "vsi_reference")
    )
    open_items = items.chance == 0
    assert exact.main.score[open_items].mean() == pytest.approx(0.1)
    assert np.all(reference.main.score <= exact.main.score + 1e-12)


def test_the_published_averages_are_the_means_of_their_rows_but_for_one():
    """Guards our transcription; the page says of GLM-4.1V that the paper's own AVG is off."""
    for name, (average, *tasks) in PUBLISHED:
        if name == "GLM-4.1V":
            continue
        given = [t for t in tasks if t is not None]
        by_six, by_given = sum(given) / 6, sum(given) / len(given)
        assert min(abs(average - by_six), abs(average - by_given)) < 0.02, name


def test_a_run_over_another_benchmark_says_so_and_one_named_twice_counts_once(state, runs, choice, tmp_path):
    other = create(tmp_path / "other.spatialmed.jsonl", actor="t")
    other.propose(choice.model_copy(update={"id": "q-other"}), accepted=True)
    with pytest.raises(RunError, match="none of its 40 answers"):
        write_report(runs[:1], other.state, tmp_path / "r.html")
    page = write_report([runs[0], runs[0]], state, tmp_path / "r.html").path.read_text("utf-8")
    assert "1 run ·" in page


def test_a_folder_without_a_run_says_so(state, tmp_path):
    with pytest.raises(RunError, match="no run here"):
        write_report([tmp_path], state, tmp_path / "r.html")
