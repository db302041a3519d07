"""Models that take volumes: a small protocol, item in and text out, and a run over a benchmark with it.

An adapter is either a Python object, found by its name among the entry points of ``spatialmed.adapters``, or a command
that reads one JSON line for each item and writes one back.  It gets the scan as a NIfTI file without any header text,
the question and its options; never the labels and never the answer.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

import nibabel as nib
import numpy as np

from napari_spatialmed import __version__
from napari_spatialmed.case import Case
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.asking import FindCase
from napari_spatialmed.evaluation.prompts import PROMPT_VERSION, prompt_for
from napari_spatialmed.evaluation.response import Response
from napari_spatialmed.evaluation.runfolder import RunFolder
from napari_spatialmed.evaluation.runplan import Item, Progress, RunSummary, items_sha256
from napari_spatialmed.evaluation.scoring import OUTCOMES, MraMode, Score, score_answer
from napari_spatialmed.evaluation.two_scans import open_second

GROUP = "spatialmed.adapters"
IMAGE_NAME, SECOND_NAME = "scan.nii.gz", "second_scan.nii.gz"


class AdapterError(SpatialMedError):
    """An adapter that can't be used, or that failed on an item."""


@dataclass(frozen=True, slots=True)
class AdapterItem:
    """What an adapter gets.

    Attributes
    ----------
    id
        The question's.
    prompt
        The whole text of the question with its options and the form of answer asked for.
    stem, options, unit
        The same in parts; `options` is empty for a number.
    image
        Path of the scan as NIfTI in RAS mm, valid during the call.
    modality
        ``CT``, ``MR``, … or ``unknown``.
    second_image
        Path of the second scan, for a question that compares two; else empty.
    """

    id: str
    prompt: str
    stem: str
    options: tuple[str, ...]
    unit: str
    image: str
    modality: str
    second_image: str = ""


class Adapter(Protocol):
    """A model that takes volumes."""

    name: str

    def answer(self, item: AdapterItem) -> str:
        """The model's text for one item."""
        ...

    def close(self) -> None:
        """Free what the model holds."""
        ...


class CommandAdapter:
    """A command that answers one JSON line with another: ``{"text": …}`` or ``{"error": …}``.

    Parameters
    ----------
    command
        As typed in a shell, without its features.

    Raises
    ------
    AdapterError
        If it can't be started.
    """

    def __init__(self, command: str) -> None:
        try:
            words = shlex.split(command)
            self.name = Path(words[0]).name
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", errors="replace"
            )
        except (OSError, IndexError, ValueError) as error:
            raise AdapterError(
                f"the command can't be started ({error})",
                where=command,
                hint="Give a program, or the name of an installed adapter.",
            ) from None

    def answer(self, item: AdapterItem) -> str:
        """Send one item, read one line.

        Raises
        ------
        AdapterError
            If the command ends, or writes no such line.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise AdapterError("the command has no pipes", where=self.name)
        try:
            self._process.stdin.write(json.dumps(asdict(item)) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise AdapterError(f"the command ended (code {self._process.poll()})", where=self.name) from None
        line = self._process.stdout.readline()
        if not line:
            raise AdapterError(f"the command ended (code {self._process.wait()})", where=self.name)
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("text", said.get("error")), str):
            raise AdapterError(
                'the command must write lines like {"text": "…"}',
                where=self.name,
                hint="Send its own messages to stderr.",
            )
        if "text" not in said:
            raise AdapterError(str(said["error"])[:300], where=self.name)
        return str(said["text"])

    def close(self) -> None:
        """End the command: its input is closed first, so that it can leave by itself."""
        if self._process.stdin is not None:
            with suppress(OSError):  # it has ended already
                self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def open_adapter(name: str) -> Iterator[Adapter]:
    """An installed adapter by its name, or any command.

    Raises
    ------
    AdapterError
        If there is neither.
    """
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    try:
        adapter: Adapter = found.load()() if found is not None else CommandAdapter(name)
    except (ImportError, AttributeError) as error:
        raise AdapterError(
            f"the adapter can't be loaded ({error})", where=name, hint="Install its package again."
        ) from None
    try:
        yield adapter
    finally:
        adapter.close()


def save_scan(case: Case, folder: Path, name: str = IMAGE_NAME) -> Path:
    """Write the scan for an adapter: voxels and affine, and nothing else of the file it came from.

    Raises
    ------
    AdapterError
        If the case has no scan (rule V4: an error row, never a blind run).
    """
    if case.image is None:
        raise AdapterError("the case has labels but no scan", hint="Give the scan's file too.")
    whole = np.int32 if case.image.dtype.itemsize > 2 else np.int16
    kind = np.float32 if case.image.dtype.kind == "f" else whole
    path = folder / name
    nib.save(nib.Nifti1Image(np.asarray(case.image, kind), case.affine), path)
    return path


def run_adapter(
    adapter: Adapter,
    items: Sequence[Item],
    find_case: FindCase,
    folder: Path,
    *,
    title: str = "",
    mra_mode: MraMode = "exact",
    on_progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Ask an adapter every question that `folder` holds no answer to, one after the other, case by case.

    Raises
    ------
    RunError
        If the folder belongs to another run.
    """
    meta = {
        "format": 1,
        "software": __version__,
        "benchmark": title,
        "items": items_sha256(items),
        "n_items": len(items),
        "endpoint": "adapter",
        "model": adapter.name,
        "layout": "volume",
        "arms": ["normal"],
        "mra_mode": mra_mode,
        "prompt_version": PROMPT_VERSION,
    }
    target = RunFolder(folder)
    outcomes: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
    started = time.monotonic()
    with (
        target.begin(meta, ("items", "model", "mra_mode", "prompt_version")) as recorded,
        tempfile.TemporaryDirectory() as scratch,
    ):
        todo = sorted(
            (i for i in items if (i.question.id, "normal", 0) not in recorded.done),
            key=lambda i: i.question.case,
        )
        saved: tuple[str, Path, str] | None = None
        for number, item in enumerate(todo, start=1):
            begun = time.monotonic()
            try:
                if saved is None or saved[0] != item.question.case:
                    case = find_case(item.question.case).case
                    saved = (item.question.case, save_scan(case, Path(scratch)), case.modality)
                second = open_second(item.question, find_case)
                other = "" if second is None else str(save_scan(second.case, Path(scratch), SECOND_NAME))
                text = adapter.answer(_item(item, saved[1], saved[2], other))
                score, error = score_answer(item.question, text, mra_mode=mra_mode), ""
            except SpatialMedError as problem:
                text, error = "", problem.what
                score = Score("error", 0.0, None, problem.what)
            target.append(_response(item, adapter.name, text, score, error, time.monotonic() - begun))
            outcomes[score.outcome] += 1
            if on_progress is not None:
                seconds = time.monotonic() - started
                left = seconds / number * (len(todo) - number)
                done = len(items) - len(todo) + number
                on_progress(Progress(done, len(items), dict(outcomes), seconds, left, 0.0, 0))
        target.write_meta({**target.meta(), "complete": not outcomes["error"]})
    return RunSummary(len(items), len(todo), len(items) - len(todo), outcomes)


def _item(item: Item, image: Path, modality: str, second: str) -> AdapterItem:
    question = item.question
    text = prompt_for(question, None, "blind").text.partition("\n\n")[2]
    return AdapterItem(
        question.id, text, question.stem, question.options, question.unit, str(image), modality, second
    )


def _response(item: Item, model: str, text: str, score: Score, error: str, seconds: float) -> Response:
    question = item.question
    return Response(
        key=f"{model}:{question.id}:{item.revision}",
        question=question.id,
        revision=item.revision,
        case=question.case,
        task=question.task,
        form=question.key.form,
        structures=question.key.structures,
        layout="volume",
        model=model,
        text=text,
        outcome=score.outcome,
        score=score.score,
        parsed=score.parsed,
        reason=score.reason,
        answer=question.answer,
        truth=question.truth,
        error="adapter" if error else "",
        error_message=error,
        seconds=round(seconds, 3),
    )
