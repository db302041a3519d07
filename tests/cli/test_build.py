"""`spatialmed build`: many cases, a bad one among them, a kill, a cluster that loses a worker, models that are paid once."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from napari_spatialmed.benchmark import verify_file

from .small_scan import spatialmed, state, write_case


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Three patients, the second with a follow-up in which the spleen has grown."""
    folder = tmp_path / "cohort"
    write_case(folder / "sub-0" / "ses-1", 3.0)
    write_case(folder / "sub-1" / "ses-1", 3.5)
    write_case(folder / "sub-1" / "ses-2", 3.5, {"spleen": ((4, 15), (12, 32), (38, 62))})
    write_case(folder / "sub-2" / "ses-1", 4.0)
    return folder


def content(path: Path) -> list[tuple[str, str, str]]:
    """What a benchmark says in the end, in no order."""
    return sorted((q.id, q.status, q.question.answer) for q in state(path).questions.values())


def test_a_bad_case_is_left_out_and_a_second_run_does_nothing(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = cohort / "sub-9" / "ses-1" / "labels.nii.gz"
    broken.parent.mkdir(parents=True)
    broken.write_bytes((cohort / "sub-0" / "ses-1" / "labels.nii.gz").read_bytes()[:900])
    path, funnel = tmp_path / "b.spatialmed.jsonl", tmp_path / "funnel.json"
    arguments = ("build", "--cases", cohort, "--benchmark", path, "--per-case", 6, "--workers", 2,
                 "--patient", r"(sub-\d)", "--funnel", funnel)  # fmt: skip
    assert spatialmed(*arguments) == 4
    said = capsys.readouterr()
    assert "4 cases built" in said.out
    assert "1 failed" in said.out
    assert "sub-9" in said.err
    built = state(path)
    assert len(built.cases) == 4
    assert len({record.patient for record in built.cases.values()}) == 3
    assert "sub-" not in path.read_text("utf-8")
    total = json.loads(funnel.read_text())["total"]
    assert total["proposed"] == sum(count for stage, count in total.items() if stage != "proposed")
    size = path.stat().st_size
    assert spatialmed(*arguments) == 4
    assert "4 were built before" in capsys.readouterr().out
    assert path.stat().st_size == size


def test_quotas_and_diversity_hold_in_every_case(cohort: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.spatialmed.jsonl"
    assert spatialmed("build", "--cases", cohort, "--benchmark", path, "--per-case", 12, "--workers", 2) == 0
    for case in state(path).cases:
        mine = [q.question for q in state(path).questions.values() if q.accepted and q.case == case]
        uses = Counter(name for question in mine for name in question.key.structures)
        assert len(mine) >= 6
        # Bodies of one shape: what the others tell is neither asked for with options nor compared (rule P1).
        assert {question.task for question in mine} >= {"DIR", "DIST"}
        # A task with nothing left gives its share of two to the others.
        assert max(Counter(question.task for question in mine).values()) <= 6
        assert max(uses.values()) <= 4 + 1  # a third of twelve, passed by the last one at most
    accepted = [q.question for q in state(path).questions.values() if q.accepted]
    assert len({question.task for question in accepted}) > 3


def test_two_scans_of_a_patient_are_compared_and_verified(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.spatialmed.jsonl"
    arguments = ("build", "--cases", cohort, "--benchmark", path, "--per-case", 6, "--tasks", "VOLEST",
                 "--workers", 1, "--patient", r"(sub-\d)")  # fmt: skip
    assert spatialmed(*arguments) in (0, 4)
    across = [
        q.question for q in state(path).questions.values() if q.question.key.form == "volest.difference"
    ]
    assert [question.key.structures for question in across] == [("spleen",)]
    cases = state(path).cases
    pair = [cases[across[0].case], cases[str(across[0].key.params["other_case"])]]
    assert pair[0].patient == pair[1].patient
    assert float(across[0].answer) == pytest.approx((11 * 20 * 24 - 10 * 16 * 20) * 3.5**3 / 1000, abs=0.06)
    found = verify_file(path, cases=cohort)
    assert (found.mismatches, found.missing_cases) == ([], [])
    capsys.readouterr()
    # without the other scan the answer is not checked, and that is said
    (cohort / "sub-1" / "ses-1" / "labels.nii.gz").unlink()
    found = verify_file(path, cases=cohort)
    assert found.mismatches == []
    assert across[0].case in found.missing_cases or pair[1].case in found.missing_cases


def test_without_cases_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    path = tmp_path / "b.spatialmed.jsonl"
    assert spatialmed("build", "--cases", tmp_path / "empty", "--benchmark", path) == 3
    assert not path.exists()


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["--endpoint", "nobody"], 3, "no endpoint"),
        (["--endpoint", "https://far.example/v1#m"], 3, "--yes-send"),
        (["--panel", "http://127.0.0.1:9/v1#m"], 3, "needs 3 readers"),
        (["--endpoint", "http://127.0.0.1:9/v1#m"], 3, "can't be reached"),
        (["--endpoint", "http://127.0.0.1:9/v1#m", "--scheduler", "tcp://127.0.0.1:9"], 2, "offline team"),
        (["--patient", "(sub-["], 3, "pattern"),
        (["--patient", "(nobody)"], 3, "finds no patient"),
        (["--tasks", "LENGTH"], 2, "LENGTH"),
        (["--pubmed", "nobody"], 3, "e-mail"),
    ],
)
def test_bad_input_writes_nothing(
    cohort: Path, tmp_path: Path, more: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        spatialmed("build", "--cases", cohort, "--benchmark", tmp_path / "b.spatialmed.jsonl", *more) == code
    )
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("b.*"))


def test_a_scheduler_that_is_off(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("napari_spatialmed.agents.running.SCHEDULER_TIMEOUT", "1s")
    path = tmp_path / "b.spatialmed.jsonl"
    code = spatialmed("build", "--cases", cohort, "--benchmark", path, "--scheduler", "tcp://127.0.0.1:9")
    assert code == 3
    assert "no Dask scheduler answers" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.alone
@pytest.mark.timeout(1200)
def test_a_cluster_that_loses_a_worker_builds_what_this_machine_builds(cohort: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    here, there = tmp_path / "here.spatialmed.jsonl", tmp_path / "there.spatialmed.jsonl"
    wanted = ("build", "--cases", cohort, "--per-case", 6, "--patient", r"(sub-\d)")
    assert spatialmed(*wanted, "--benchmark", here, "--workers", 1) == 0
    killed: list[int] = []

    class Killer(distributed.SchedulerPlugin):
        """Whoever is given the first task dies of it."""

        def transition(self, key: Any, start: str, finish: str, *args: Any, **more: Any) -> None:
            if finish == "processing" and not killed:
                place = cluster.scheduler.tasks[key].processing_on.address
                killed.extend(w.pid for w in cluster.workers.values() if w.worker_address == place)
                os.kill(killed[0], signal.SIGKILL)

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        cluster.scheduler.add_plugin(Killer())
        code = spatialmed(*wanted, "--benchmark", there, "--scheduler", cluster.scheduler_address)
    assert code == 0
    assert len(killed) == 1
    assert content(there) == content(here)


class Models:
    """A generator, a judge and three readers behind one real server, which counts what it was asked."""

    def __init__(self, falls_silent_after: int | None = None, together: int = 1) -> None:
        self._falls_silent_after, self._together = falls_silent_after, together
        self._gathered = threading.Event()
        self.fell_silent, self.go_on = threading.Event(), threading.Event()
        self.asked: Counter[str] = Counter()
        self.most_at_a_time = 0
        self._running = 0
        self._lock = threading.Lock()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = HTTPServer(threaded=True)
        for role in ("generator", "judge", "reader0", "reader1", "reader2"):
            self.server.expect_request(f"/{role}/models").respond_with_json({"data": [{"id": "m"}]})
            self.server.expect_request(f"/{role}/chat/completions").respond_with_handler(self._answer)

    def __enter__(self) -> Models:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def options(self) -> list[str]:
        url = {role: f"{self.server.url_for(role)}#m" for role in ("generator", "judge")}
        panel = [f"{self.server.url_for(f'reader{i}')}#m" for i in range(3)]
        return [
            "--endpoint",
            url["generator"],
            "--judge",
            url["judge"],
            *(w for p in panel for w in ("--panel", p)),
        ]

    def _answer(self, request: Request) -> Response:
        body = json.loads(request.data)
        with self._lock:
            self._running += 1
            self.most_at_a_time = max(self.most_at_a_time, self._running)
            if self.most_at_a_time >= self._together:
                self._gathered.set()
        self._gathered.wait(60)
        if self._falls_silent_after is not None and sum(self.asked.values()) >= self._falls_silent_after:
            self.fell_silent.set()
            self.go_on.wait(60)
        said = {
            "generator": _idea,
            "judge": lambda _: {"relevant": True, "clear": True, "needs_scan": True, "reason": "fine"},
        }.get(request.path.split("/")[1], lambda _: {"reason": "a guess", "answer": "A", "number": 1.0})(body)
        with self._lock:
            self._running -= 1
            self.asked[json.dumps([request.path, body["messages"], body.get("seed")])] += 1
        message = {"role": "assistant", "content": json.dumps(said)}
        usage = {"prompt_tokens": 100, "completion_tokens": 20}
        data = {"model": "m", "choices": [{"finish_reason": "stop", "message": message}], "usage": usage}
        return Response(json.dumps(data), content_type="application/json")


def _idea(body: dict[str, Any]) -> dict[str, Any]:
    """Another structure and axis for each line of what was taken before: the same for the same prompt."""
    taken = (
        body["messages"][1]["content"].split("TAKEN (don't repeat)")[1].split("Don't use")[0].count('"ext')
    )
    names, axes = ["spleen", "liver", "kidney_left", "stomach"], ["SI", "AP", "RL"]
    return {
        "form": "ext.axis_value",
        "structures": [names[taken % 4]],
        "axis": axes[taken // 4 % 3],
        "stem": "How far does {a} reach along the {axis} axis?",
        "rationale": "Its size is followed.",
    }


@pytest.mark.alone
@pytest.mark.timeout(1200)
def test_killed_with_models_it_goes_on_and_pays_for_nothing_twice(cohort: Path, tmp_path: Path) -> None:
    environment = os.environ | {"SPATIALMED_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}

    def command(models: Models, path: Path) -> list[str]:
        words = (
            "build",
            "--cases",
            cohort,
            "--benchmark",
            path,
            "--per-case",
            3,
            "--tasks",
            "EXT",
            "--workers",
            3,
        )
        return [sys.executable, "-m", "napari_spatialmed", *map(str, words), *models.options()]

    calm, killed = tmp_path / "calm.spatialmed.jsonl", tmp_path / "killed.spatialmed.jsonl"
    with Models() as models:
        ended = subprocess.run(command(models, calm), env=environment, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr
        paid = sum(models.asked.values())
        assert max(models.asked.values()) == 1
    with Models(falls_silent_after=paid // 2) as models:
        process = subprocess.Popen(command(models, killed), env=environment, stderr=subprocess.DEVNULL)
        assert models.fell_silent.wait(120)
        process.kill()
        process.wait()
        at_the_kill = Counter(models.asked)
        models.go_on.set()
        ended = subprocess.run(command(models, killed), env=environment, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr
        again = [call for call, times in models.asked.items() if times > 1]
        assert 0 < sum(at_the_kill.values()) < paid
        # at most what each of the five endpoints had under way: four calls at a time
        assert len(again) <= 20
        assert sum(models.asked.values()) - paid <= 20
        assert models.most_at_a_time <= 20
    # a model's address is part of who proposed, so the two servers' questions are compared without it
    assert [c[1:] for c in content(calm)] == [c[1:] for c in content(killed)]
    assert {q.question.stem for q in state(calm).questions.values()} == {
        q.question.stem for q in state(killed).questions.values()
    }


@pytest.fixture
def models() -> Iterator[Models]:
    with Models() as running:
        yield running


def test_the_budget_stops_a_build_and_more_budget_goes_on(
    cohort: Path, tmp_path: Path, models: Models, capsys: pytest.CaptureFixture[str]
) -> None:
    for patient, spacing in (("sub-0", 2.4), ("sub-2", 5.0)):
        write_case(cohort / patient / "ses-1", spacing)  # so unlike that lengths are worth asking for
    path = tmp_path / "b.spatialmed.jsonl"
    wanted = ("build", "--cases", cohort, "--benchmark", path, "--per-case", 3, "--tasks", "EXT",
              "--workers", 2, *models.options())  # fmt: skip
    assert spatialmed(*wanted, "--max-calls", 20) == 4
    assert "budget" in capsys.readouterr().err
    assert sum(models.asked.values()) == 20
    assert spatialmed(*wanted) == 0
    said = capsys.readouterr().out
    assert "0 failed" in said
    assert max(models.asked.values()) == 1
    questions = state(path).questions.values()
    assert {q.case for q in questions} == set(state(path).cases)
    messages = next(iter(questions)).question.provenance["messages"]
    assert {m["member"] for m in messages} >= {"generator", "offline corpus"}
    assert verify_file(path, cases=cohort).mismatches == []


def test_each_server_gets_no_more_calls_at_a_time_than_its_bound(cohort: Path, tmp_path: Path) -> None:
    with Models(together=2) as slow:
        url = f"{slow.server.url_for('generator')}#m"
        words = ("build", "--cases", cohort, "--benchmark", tmp_path / "b.spatialmed.jsonl", "--per-case", 3,
                 "--tasks", "EXT", "--workers", 8, "--endpoint", url)  # fmt: skip
        assert spatialmed(*words) in (0, 4)
        assert 2 <= slow.most_at_a_time <= 4
