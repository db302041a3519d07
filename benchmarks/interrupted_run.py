"""Is a run that was killed ten times the same as one that was left alone?  Asked of a real model server on this machine.

    python benchmarks/interrupted_run.py [--items 200] [--kills 10] [--layout plane] [--max-tokens 16] [--keep FOLDER]

Builds a benchmark on the phantoms, starts `spatialmed serve-local`'s server, and runs `spatialmed evaluate` over it twice:
undisturbed, and killed with SIGKILL at random points and started again by the same command.  A counting proxy between the
two sees every call.  llama.cpp is told not to reuse an earlier prompt's state (``cache_prompt``): with it, the same question
after another one may end in another word, run or no run.  Needs the extra ``local``; about 25 minutes on two cores that others use too.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from napari_spatialmed.evaluation.runfolder import RunFolder, work_id
from napari_spatialmed.llm import Endpoint, LocalServer, save_endpoint
from napari_spatialmed.llm.local_server import MODEL

SAMPLES = Path(__file__).parent.parent / "sample_data"
SAME = ("outcome", "score", "parsed", "text", "key", "answer", "pictures")
"""What must not differ between two runs; times and tokens of the clock may."""


class CountingProxy(ThreadingHTTPServer):
    """Passes calls on and counts them by the question's text."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.target = target
        self.received: Counter[str] = Counter()
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def base_url(self) -> str:
        """Where `spatialmed evaluate` is sent."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Forward(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CountingProxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.received[question_of(body)] += 1
        onward = http.client.HTTPConnection(urlsplit(self.server.target).netloc, timeout=600)
        onward.request("POST", self.path, body, {"Content-Type": "application/json"})
        answer = onward.getresponse()
        content = answer.read()
        onward.close()
        try:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type") or "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the caller was killed meanwhile
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def question_of(body: bytes) -> str:
    """The words that ask, which a run's record holds as its prompt."""
    content = json.loads(body)["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return str([part["text"] for part in content if part["type"] == "text"][-1])


def main() -> None:
    """Build, run undisturbed, run killed, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--layout", default="plane")
    parser.add_argument("--max-tokens", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="Keep the benchmark and both runs in this folder.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        benchmark = folder / "phantoms.spatialmed.jsonl"
        os.environ |= {"SPATIALMED_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
        if not benchmark.exists():
            program(
                [
                    "build",
                    "--cases",
                    SAMPLES,
                    "--benchmark",
                    benchmark,
                    "--per-case",
                    (options.items + 1) // 2,
                ],
            )
        with LocalServer() as server:
            proxy = CountingProxy(server.base_url)
            save_endpoint(
                Endpoint(
                    name="counted",
                    base_url=proxy.base_url,
                    model=MODEL,
                    concurrency=options.concurrency,
                    extra_body={"cache_prompt": False},
                ),
                replace=True,
            )
            command = [
                "evaluate",
                benchmark,
                "--cases",
                SAMPLES,
                "--endpoint",
                "counted",
                "--layout",
                options.layout,
            ]
            command += ["--max-tokens", options.max_tokens, "--out"]
            started = time.perf_counter()
            program([*command, folder / "calm"])
            calm_seconds, calm_calls = time.perf_counter() - started, proxy.received.total()
            proxy.received.clear()
            started = time.perf_counter()
            lost = interrupt(command, folder / "killed", options.kills, calm_calls, proxy, options.seed)
            program([*command, folder / "killed"])
            seconds = time.perf_counter() - started
        show(folder, calm_calls, calm_seconds, seconds, lost, proxy)


def program(arguments: list[object]) -> None:
    """Run `spatialmed` to its end."""
    subprocess.run([sys.executable, "-m", "napari_spatialmed", *map(str, arguments)], check=True)


def interrupt(
    command: list[object],
    out: Path,
    kills: int,
    calls: int,
    proxy: CountingProxy,
    seed: int,
) -> list[int]:
    """Start the run and kill it, again and again; returns how many calls each kill lost.

    Raises
    ------
    AssertionError
        If a question whose answer was on the disk is asked again.
    """
    chance = random.Random(seed)
    points = sorted(chance.sample(range(1, calls - 1), kills))
    lost: list[int] = []
    settled: dict[str, int] = {}
    for point in points:
        process = subprocess.Popen([sys.executable, "-m", "napari_spatialmed", *map(str, [*command, out])])
        while lines_in(out) < point and process.poll() is None:
            time.sleep(0.01)
        time.sleep(
            chance.uniform(0.0, 4.0)
        )  # anywhere in a call: before, in, and while its answer is written
        process.kill()
        process.wait()
        with proxy.lock:
            received = Counter(proxy.received)
        kept = {str(row["prompt"]) for row in RunFolder(out).rows()}
        again = [text for text, n in settled.items() if received[text] != n]
        assert not again, f"asked again although the answer was on the disk: {again[0]}"
        settled = {text: received[text] for text in kept}
        lost.append(sum(text not in kept and n > 0 for text, n in received.items()))
    return lost


def lines_in(out: Path) -> int:
    """Answers on the disk."""
    file = out / "responses.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def show(
    folder: Path, calm_calls: int, calm_seconds: float, seconds: float, lost: list[int], proxy: CountingProxy
) -> None:
    """Print what was found; fail if the two runs differ."""
    calm, killed = (
        {work_id(row): tuple(json.dumps(row.get(k)) for k in SAME) for row in RunFolder(folder / name).rows()}
        for name in ("calm", "killed")
    )
    differing = [key for key in calm if calm[key] != killed.get(key)]
    lines = lines_in(folder / "killed")
    print(
        f"undisturbed: {len(calm)} answers, {calm_calls} calls, {calm_seconds:.0f} s; load {os.getloadavg()[0]:.1f}"
    )
    print(
        f"killed {len(lost)} times: {len(killed)} answers in {lines} lines, {proxy.received.total()} calls, {seconds:.0f} s; "
        f"in flight at the kills: {lost}"
    )
    print(f"calls made twice: {proxy.received.total() - len(calm)}; answers that differ: {len(differing)}")
    for key in differing[:3]:
        print(key, calm[key], killed.get(key), sep="\n  ")
    assert not differing, "the runs differ"
    assert set(calm) == set(killed)
    assert lines == len(calm), "an answer stands in the file twice"
    assert proxy.received.total() - len(calm) <= sum(lost), "more calls were made twice than were in flight"


if __name__ == "__main__":
    main()
