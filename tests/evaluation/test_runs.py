"""A model over a benchmark: every item one outcome, nothing asked twice, and a kill loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_spatialmed.evaluation import OUTCOMES
from napari_spatialmed.evaluation.casesource import CaseSource
from napari_spatialmed.evaluation.runfolder import RunError, RunFolder, work_id
from napari_spatialmed.evaluation.runplan import Item, Plan, list_work
from napari_spatialmed.evaluation.runs import evaluate_benchmark
from napari_spatialmed.llm import Budget, Client, ConsentError, Endpoint

from .conftest import many_questions, write_benchmark
from .model_server import ModelServer


def endpoint(server: ModelServer, **more) -> Endpoint:
    return Endpoint(
        name="here",
        base_url=server.base_url,
        model="m",
        timeout=60,
        **{"retries": 12, "concurrency": 8} | more,
    )


def run(server, items, geometry, folder, plan=None, **more):
    async def go():
        async with Client(
            endpoint(server, **more.pop("endpoint", {})), budget=more.pop("budget", None)
        ) as client:
            return await evaluate_benchmark(client, items, lambda _: geometry, folder, plan, **more)

    return asyncio.run(go())


def final(folder: Path) -> dict[tuple[str, str, int], tuple[object, ...]]:
    """What the folder says in the end, without what differs from day to day."""
    return {
        work_id(row): tuple(row[k] for k in ("outcome", "score", "parsed", "text", "key", "answer"))
        for row in RunFolder(folder).rows()
    }


@pytest.fixture
def items(choice, number, markers) -> list[Item]:
    return [Item(q) for q in many_questions(choice, number, markers.case.id, 40)]


def test_every_item_has_one_outcome_and_they_add_up(items, markers, tmp_path):
    with ModelServer() as server:
        summary = run(server, items, markers, tmp_path / "run")
    assert summary.total == summary.asked == sum(summary.outcomes.values()) == 40
    assert set(summary.outcomes) == set(OUTCOMES)
    assert sum(n > 0 for n in summary.outcomes.values()) >= 4
    meta = RunFolder(tmp_path / "run").meta()
    assert meta["complete"] is True
    assert meta["n_items"] == 40


def test_a_second_run_of_the_same_command_asks_nothing(items, markers, tmp_path):
    with ModelServer() as server:
        run(server, items, markers, tmp_path / "run")
        again = run(server, items, markers, tmp_path / "run")
        assert (again.asked, again.resumed) == (0, 40)
        assert sum(server.answered.values()) == 40


def test_faults_are_retried_and_change_no_result(items, markers, tmp_path):
    with ModelServer() as calm:
        run(calm, items, markers, tmp_path / "calm")
    with ModelServer(faults=0.3, seed=3) as stormy:
        run(stormy, items, markers, tmp_path / "stormy")
        assert max(stormy.answered.values()) == 1
    assert final(tmp_path / "stormy") == final(tmp_path / "calm")


def test_errors_are_asked_again_and_never_cached_as_answers(items, markers, tmp_path):
    with ModelServer(faults=1.0) as broken:
        summary = run(broken, items[:4], markers, tmp_path / "run", endpoint={"retries": 0})
        assert summary.outcomes["error"] == 4
    with ModelServer() as repaired:
        summary = run(repaired, items[:4], markers, tmp_path / "run")
    assert summary.asked == 4
    assert summary.outcomes["error"] == 0


def test_a_budget_stops_the_run_and_the_next_one_goes_on(items, markers, tmp_path):
    with ModelServer() as server:
        first = run(server, items, markers, tmp_path / "run", budget=Budget(calls=15))
        assert first.asked == 15
        assert "budget" in first.stopped
        second = run(server, items, markers, tmp_path / "run")
        assert (second.asked, second.resumed, second.stopped) == (25, 15, "")
        assert sum(server.answered.values()) == 40


def test_a_key_that_is_refused_stops_the_run_at_once(items, markers, tmp_path, httpserver):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(
        {"error": {"message": "bad key"}}, status=401
    )

    async def go():
        async with Client(
            Endpoint(name="here", base_url=httpserver.url_for("/v1"), model="m", concurrency=2)
        ) as client:
            return await evaluate_benchmark(client, items, lambda _: markers, tmp_path / "run")

    summary = asyncio.run(go())
    assert summary.stopped.startswith("auth")
    assert summary.asked == 0
    assert len(httpserver.log) <= 4


def test_a_server_that_goes_away_midway_ends_the_run_and_the_next_one_finishes_it(items, markers, tmp_path):
    with ModelServer() as calm:
        run(calm, items, markers, tmp_path / "calm")
    with ModelServer() as server:
        done = []

        def close_after_ten(progress):
            done.append(progress.done)
            if len(done) == 10:
                server.close()

        lost = run(server, items, markers, tmp_path / "run", endpoint={"retries": 0, "concurrency": 2}, on_progress=close_after_ten)  # fmt: skip
    assert "can't be reached any more" in lost.stopped
    assert lost.asked < 40, "the rest isn't filled up with errors"
    assert RunFolder(tmp_path / "run").meta()["complete"] is False
    answered = lost.asked - lost.outcomes["error"]
    with ModelServer() as back:
        resumed = run(back, items, markers, tmp_path / "run", endpoint={"retries": 0})
        assert (resumed.stopped, resumed.resumed) == ("", answered)
        assert sum(back.answered.values()) == 40 - answered, "what was answered isn't asked again"
    assert final(tmp_path / "run") == final(tmp_path / "calm")


def test_two_programs_never_write_one_run(choice, number, markers, folder_of_cases, tmp_path):
    """Another process holds the folder; it is told at once, and once that process is gone the run goes on."""
    questions = many_questions(choice, number, markers.case.id, 6)
    benchmark = write_benchmark(tmp_path / "b.spatialmed.jsonl", questions)
    environment = os.environ | {"SPATIALMED_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    with ModelServer() as server:
        server.silent.set()
        command = [sys.executable, "-m", "napari_spatialmed", "evaluate", str(benchmark), "--cases", str(folder_of_cases),
                   "--endpoint", f"{server.base_url}#m", "--out", str(tmp_path / "run")]  # fmt: skip
        first = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            while not server.bodies and first.poll() is None:
                time.sleep(0.02)
            second = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        finally:
            first.kill()
            first.wait()
    assert second.returncode == 3
    assert "another run writes into this folder" in second.stderr
    assert "Traceback" not in second.stderr
    assert len(set(server.bodies)) <= 4, "the second asked nothing"
    with RunFolder(tmp_path / "run").begin({}, ()) as recorded:
        assert recorded.done == {}


def test_a_case_without_files_is_an_error_row_and_never_a_blind_run(items, tmp_path):
    with ModelServer() as server:

        async def go():
            async with Client(endpoint(server)) as client:
                return await evaluate_benchmark(client, items[:3], CaseSource(), tmp_path / "run")

        summary = asyncio.run(go())
        assert summary.outcomes["error"] == 3
        assert not server.bodies
    row = next(RunFolder(tmp_path / "run").rows())
    assert row["error"] == "picture"


def test_the_circular_arm_asks_every_rotation_once(items, markers, tmp_path):
    with ModelServer() as server:
        summary = run(server, items[:5], markers, tmp_path / "run", Plan(arms=("circular", "blind")))
    assert summary.total == 4 * 4 + 1 + 5, (
        "four orders of four choices, one open question, and each of them blind"
    )


def test_a_folder_holds_one_run(items, markers, tmp_path):
    with ModelServer() as server:
        run(server, items[:2], markers, tmp_path / "run")
        with pytest.raises(RunError, match="another run: layout"):
            run(server, items[:2], markers, tmp_path / "run", Plan(layout="montage"))


def test_a_run_is_never_begun_among_other_files(items, markers, tmp_path):
    (tmp_path / "ct.nii.gz").write_bytes(b"a scan")
    with ModelServer() as server, pytest.raises(RunError, match="something else here already"):
        run(server, items[:1], markers, tmp_path)
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == ["ct.nii.gz"]


def test_a_torn_last_line_is_set_aside_and_its_item_asked_again(items, markers, tmp_path):
    with ModelServer() as server:
        run(server, items[:5], markers, tmp_path / "run")
        whole = final(tmp_path / "run")
        file = tmp_path / "run" / "responses.jsonl"
        file.write_bytes(file.read_bytes()[:-20])
        summary = run(server, items[:5], markers, tmp_path / "run")
    assert summary.asked == 1
    assert final(tmp_path / "run") == whole
    assert (tmp_path / "run" / "responses.jsonl.quarantine").stat().st_size > 100


def test_without_a_yes_nothing_is_begun(items, markers, tmp_path):
    async def go():
        async with Client(
            Endpoint(name="far", base_url="https://models.example.org/v1", model="m")
        ) as client:
            return await evaluate_benchmark(client, items, lambda _: markers, tmp_path / "run")

    with pytest.raises(ConsentError, match="would send"):
        asyncio.run(go())
    assert not (tmp_path / "run").exists()


def test_progress_tells_how_long_it_still_takes(items, markers, tmp_path):
    seen = []
    with ModelServer() as server:
        run(server, items[:6], markers, tmp_path / "run", on_progress=seen.append)
    assert [p.done for p in seen] == [1, 2, 3, 4, 5, 6]
    assert seen[0].eta > 0
    assert seen[-1].eta == 0


def test_no_more_calls_at_a_time_than_the_endpoint_allows(items, markers, tmp_path):
    with ModelServer(delay=0.01, together=3) as server:
        run(server, items, markers, tmp_path / "run", endpoint={"concurrency": 3})
        assert server.highest == 3


def test_work_is_listed_case_by_case(choice):
    mixed = [Item(choice.model_copy(update={"id": f"q-{i}", "case": f"case-{i % 2}"})) for i in range(6)]
    cases = [w.item.question.case for w in list_work(mixed, Plan())]
    assert cases == ["case-0"] * 3 + ["case-1"] * 3


@pytest.mark.parametrize("count", [int(os.environ.get("SPATIALMED_KILL_ITEMS", "30"))])
def test_killed_at_random_points_and_resumed_it_ends_the_same(
    choice, number, markers, folder_of_cases, tmp_path, count
):
    """Set SPATIALMED_KILL_ITEMS=200 and SPATIALMED_KILLS=10 for the long form."""
    kills = int(os.environ.get("SPATIALMED_KILLS", "2"))
    benchmark = write_benchmark(
        tmp_path / "b.spatialmed.jsonl", many_questions(choice, number, markers.case.id, count)
    )
    chance = random.Random(7)

    def command(server: ModelServer, out: Path) -> list[str]:
        return [sys.executable, "-m", "napari_spatialmed", "evaluate", str(benchmark), "--cases", str(folder_of_cases),
                "--endpoint", f"{server.base_url}#m", "--out", str(out)]  # fmt: skip

    environment = os.environ | {"SPATIALMED_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    with ModelServer() as server:
        subprocess.run(command(server, tmp_path / "calm"), env=environment, check=False, capture_output=True)
    in_flight = 0
    with ModelServer(faults=0.1, delay=0.05, seed=11) as server:
        for _ in range(kills):
            process = subprocess.Popen(
                command(server, tmp_path / "killed"), env=environment, stderr=subprocess.DEVNULL
            )
            wanted = sum(server.answered.values()) + chance.randint(1, max(2, count // (kills + 1)))
            while sum(server.answered.values()) < wanted and process.poll() is None:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            in_flight += 4
        for _ in range(
            3
        ):  # a fault that outlasts the retries is an error row; the same command asks it again
            ended = subprocess.run(
                command(server, tmp_path / "killed"), env=environment, check=False, capture_output=True
            )
            if ended.returncode == 0:
                break
        assert ended.returncode == 0, ended.stderr
        twice = sum(server.answered.values()) - count
    assert len(final(tmp_path / "calm")) == count
    assert final(tmp_path / "killed") == final(tmp_path / "calm")
    assert twice <= in_flight, "only calls in flight at a kill may be made twice"


def test_secrets_and_names_stay_here(choice, number, markers, folder_of_cases, tmp_path):
    """A planted key and a patient's name in file and folder names appear in no artefact and in no HTTP body."""
    secret, patient = "sk-canary-4711", "Mustermann"
    folder = folder_of_cases.rename(tmp_path / f"{patient}_Erika")
    for file in list(folder.iterdir()):
        if file.suffix == ".gz" or file.suffix == ".nii":
            file.rename(folder / f"{patient}_{file.name}")
    benchmark = write_benchmark(
        tmp_path / "b.spatialmed.jsonl", many_questions(choice, number, markers.case.id, 6)
    )
    environment = os.environ | {
        "SPATIALMED_HOME": str(tmp_path / "home"),
        "OPENAI_API_KEY": secret,
        "OMP_NUM_THREADS": "1",
    }
    with ModelServer() as server:
        environment |= {"OPENAI_BASE_URL": server.base_url, "OPENAI_MODEL": "m"}
        done = subprocess.run(
            [sys.executable, "-m", "napari_spatialmed", "evaluate", str(benchmark), "--cases", str(folder), "--out", str(tmp_path / "run"),
             "--arm", "normal", "--arm", "oracle"],
            env=environment, check=False, capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert len(server.bodies) == 12
        sent = b"".join(server.bodies)
    written = (
        b"".join(p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file())
        + benchmark.read_bytes()
    )
    for content in (sent, written, done.stdout, done.stderr):
        assert secret.encode() not in content
        assert patient.encode() not in content
    assert json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["endpoint"] == "environment"
