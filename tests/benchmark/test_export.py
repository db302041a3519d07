"""Exports: the same bytes twice, loadable by those who read them, and nothing of a patient in them."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from napari_spatialmed.benchmark import FORMATS, Benchmark, BenchmarkError, CaseRegistered, export
from napari_spatialmed.benchmark.export.items import split_patients
from napari_spatialmed.cli.exchange import scoring_code
from napari_spatialmed.questions.model import Question

Make = Callable[..., Question]


def _one_pixel() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (1, 1)).save(stream, "png")
    return stream.getvalue()


PNG = _one_pixel()


@pytest.fixture
def study(anna: Benchmark, question: Make) -> Benchmark:
    """Six patients with two kept questions each, one dropped, one rejected."""
    for number in range(2, 14):
        case = f"case-{number // 2:012x}"
        anna.append(
            "case_registered",
            CaseRegistered(
                case=case, label_sha256="cd" * 32, modality="CT", patient=f"patient {number // 2}"
            ),
        )
        made = question(number, case=case, task="VOLEST" if number % 2 else "DIST")
        # As text comes that was pasted from a slide: it ends no line of JSON.
        anna.propose(made.model_copy(update={"stem": made.stem.replace(" ", "\u2028", 1)}))
        anna.adjudicate(question(number).id, keep=True, note="for the test")
    anna.adjudicate(question(1).id, keep=False, note="too easy")
    anna.record_rejection("case-000000000001", "EXT", rule="U2", reason="the lung is cut off")
    return anna


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_written_twice_is_the_same_bytes(study: Benchmark, tmp_path: Path, format: str) -> None:
    for name in ("one", "two", "one"):  # the second "one" replaces the first
        export(study.path, tmp_path / name, format, pictures=lambda _: [PNG, PNG], scoring=scoring_code())  # type: ignore[arg-type]
    one = contents(tmp_path / "one")
    assert one == contents(tmp_path / "two")
    assert b"SHA256SUMS" not in one["SHA256SUMS"]
    assert len(one["SHA256SUMS"].splitlines()) == len(one) - 1


def test_the_hugging_face_folder_loads_offline(study: Benchmark, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    report = export(study.path, tmp_path / "hf", "hf", pictures=lambda _: [PNG] * 3)
    assert (report.kept, report.set_aside, report.pictures) == (12, 2, 36)
    program = (
        "import json, sys, datasets\n"
        "d = datasets.load_dataset(sys.argv[1])\n"
        "a = datasets.load_dataset(sys.argv[1], 'set_aside')['set_aside']\n"
        "print(json.dumps({'splits': {k: sorted(set(v['patient'])) for k, v in d.items()}, 'rows': sum(map(len, d.values())),\n"
        "  'first': d['test'][0], 'aside': list(a['reason'])}))\n"
    )
    offline = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "home"),
    }
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "hf")],
        capture_output=True,
        encoding="utf-8",
        env=offline,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    told = json.loads(run.stdout)
    assert told["rows"] == 12
    assert set(told["splits"]) == {"validation", "test"}
    assert not set(told["splits"]["validation"]) & set(told["splits"]["test"])
    assert told["first"]["options"] == ["10 mm", "20 mm", "40 mm", "80 mm"]
    assert (tmp_path / "hf" / told["first"]["pictures"][0]).read_bytes() == PNG
    assert told["aside"] == ["dropped by Anna: too easy", "U2: the lung is cut off"]


def test_the_croissant_file_validates_and_yields_the_questions(study: Benchmark, tmp_path: Path) -> None:
    croissant = pytest.importorskip("mlcroissant")
    export(study.path, tmp_path / "hf", "hf", license="cc-by-4.0")
    dataset = croissant.Dataset(jsonld=str(tmp_path / "hf" / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    records = [r for split in ("validation", "test") for r in dataset.records(split)]
    assert len(records) == 12
    assert {r["validation/id" if "validation/id" in r else "test/id"] for r in records} == {
        f"q-{n:012x}".encode() for n in range(2, 14)
    }


def test_the_card_says_how_questions_were_chosen(study: Benchmark, tmp_path: Path) -> None:
    export(study.path, tmp_path / "hf", "hf")
    card = (tmp_path / "hf" / "README.md").read_text("utf-8")
    for wanted in (
        "exactly 1.0 is dropped",
        "not a medical device",
        "Krippendorff",
        "| all | 14 |",
        "calculators 1",
        "O3",
    ):
        assert wanted in card
    history = (tmp_path / "hf" / "history.spatialmed.jsonl").read_bytes()
    assert history == study.path.read_bytes()


def test_patients_are_never_divided_and_every_split_gets_one() -> None:
    split = split_patients([f"p{n}" for n in range(10)], {"train": 0.5, "validation": 0.1, "test": 0.4})
    counts = {name: list(split.values()).count(name) for name in ("train", "validation", "test")}
    assert counts == {"train": 5, "validation": 1, "test": 4}
    assert split == split_patients(
        [f"p{n}" for n in reversed(range(10))], {"train": 0.5, "validation": 0.1, "test": 0.4}
    )
    assert split_patients(["only"], {"validation": 0.2, "test": 0.8}) == {"only": "test"}
    with pytest.raises(BenchmarkError, match="sum to 1"):
        split_patients(["p"], {"test": 0.5})


def test_the_inspect_task_runs_and_scores_as_we_do(study: Benchmark, tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai")
    folder = tmp_path / "inspect"
    export(study.path, folder, "inspect", pictures=lambda _: [PNG], scoring=scoring_code())
    program = (
        "import json, sys\n"
        "import inspect_ai\n"
        "from inspect_ai.model import ModelOutput, ModelUsage, get_model\n"
        "answers = {'DIST': 'B is near the truth.\\nANSWER: B', 'VOLEST': 'ANSWER: 216.3 mL'}\n"
        "def answer(input, tools, tool_choice, config):\n"
        "    text = answers['DIST' if 'A. 10 mm' in input[-1].text else 'VOLEST']\n"
        "    return say(text)\n"
        "def say(text):\n"
        "    out = ModelOutput.from_content('mockllm', text)\n"
        "    out.usage = ModelUsage()  # or the mock counts tokens with a table from the network\n"
        "    return out\n"
        "model = get_model('mockllm/model', custom_outputs=answer)\n"
        "mumbling = get_model('mockllm/model', custom_outputs=lambda *_: say('Hard to say; A or B.'), memoize=False)\n"
        "log = inspect_ai.eval(sys.argv[1], model=model, display='none', log_dir=sys.argv[2])[0]\n"
        "assert log.status == 'success', log.error\n"
        "scores = {s.id: s.scores['spatialmed_scorer'].value for s in log.samples}\n"
        "blind = inspect_ai.eval(sys.argv[1], model=mumbling, display='none', log_dir=sys.argv[2])[0]\n"
        "print(json.dumps([scores, [s.scores['spatialmed_scorer'].value for s in blind.samples]]))\n"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", program, "task.py", str(tmp_path / "logs")],
        capture_output=True, encoding="utf-8", check=False, cwd=folder,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    scores, unparsed = json.loads(run.stdout.splitlines()[-1])
    assert scores == {f"q-{n:012x}": 0.8 if n % 2 else 1.0 for n in range(2, 14)}
    assert unparsed == [0.0] * 12
    assert "napari" not in (folder / "task.py").read_text("utf-8")


def test_the_lmms_eval_folder_scores_as_we_do(study: Benchmark, tmp_path: Path) -> None:
    folder = tmp_path / "lmms"
    export(study.path, folder, "lmms", pictures=lambda _: [PNG], scoring=scoring_code())
    specification = importlib.util.spec_from_file_location("lmms_utils", folder / "utils.py")
    assert specification is not None
    assert specification.loader is not None
    utils = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(utils)
    docs = [json.loads(line) for line in (folder / "questions.jsonl").read_bytes().splitlines()]
    assert utils.process_results(docs[0], ["ANSWER: B"]) == {"spatialmed_score": 1.0}
    assert utils.process_results(docs[1], ["ANSWER: 216.3 mL"]) == {"spatialmed_score": 0.8}
    assert utils.doc_to_visual(docs[0])[0].size == (1, 1)
    assert "ANSWER: <letter>" in utils.doc_to_text(docs[0])


def test_vlmeval_tables_hold_pictures_and_one_column_for_each_option(
    study: Benchmark, tmp_path: Path
) -> None:
    export(study.path, tmp_path / "v", "vlmeval", pictures=lambda _: [PNG, PNG])
    with (tmp_path / "v" / "SpatialMed_MCQ.tsv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert len(rows) == 6
    assert (rows[0]["B"], rows[0]["answer"], rows[0]["category"]) == ("20 mm", "B", "DIST")
    assert len(json.loads(rows[0]["image"])) == 2
    assert (tmp_path / "v" / "SpatialMed_VQA.tsv").exists()


def test_nothing_is_overwritten_and_nothing_left_half_done(study: Benchmark, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "thesis.txt").write_text("precious")
    with pytest.raises(BenchmarkError, match="something else"):
        export(study.path, target, "jsonl")

    def broken(_: Question) -> list[bytes]:
        raise BenchmarkError("no scan")

    with pytest.raises(BenchmarkError, match="no scan"):
        export(study.path, tmp_path / "new", "jsonl", pictures=broken)
    assert contents(target) == {"thesis.txt": b"precious"}
    assert not (tmp_path / "new").exists()


def test_a_benchmark_without_kept_questions_says_so(anna: Benchmark, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no question is kept"):
        export(anna.path, tmp_path / "hf", "hf")
    assert not (tmp_path / "hf").exists()
