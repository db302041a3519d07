"""One flat row for each question, the same for every format, and the split its patient fell into."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.question_state import QuestionState
from napari_spatialmed.benchmark.state import State
from napari_spatialmed.questions.model import LETTERS, Question

Pictures = Callable[[Question], list[bytes]]
"""Renders a question's PNGs; given by whoever has the scans."""

DEFAULT_SPLITS: Mapping[str, float] = {"validation": 0.2, "test": 0.8}
LETTER_INSTRUCTION = "Explain in at most three sentences, then end with one line:\nANSWER: <letter>"
NUMBER_INSTRUCTION = (
    "Explain in at most three sentences, then end with one line:\nANSWER: <one number> {unit}"
)


@dataclass(slots=True)
class Items:
    """What is exported.

    Attributes
    ----------
    kept
        Rows of the kept questions, in the order proposed.
    set_aside
        Rows of all others, with the reason for each.
    pictures
        File name → PNG.
    """

    kept: list[dict[str, Any]] = field(default_factory=list)
    set_aside: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)


def collect(state: State, splits: Mapping[str, float], pictures: Pictures | None) -> Items:
    """Flatten every question, render its pictures if somebody can, and put whole patients into splits."""
    split_of = split_patients(
        (_patient(state, q) for q in state.questions.values() if q.status == "kept"), splits
    )
    items = Items()
    for found in state.questions.values():
        row = _row(state, found)
        if found.status != "kept":
            items.set_aside.append(row | {"reason": why_not_kept(found)})
            continue
        rendered = pictures(found.question) if pictures is not None else []
        names = [f"pictures/{found.id}_{i}.png" for i in range(1, len(rendered) + 1)]
        items.pictures.update(zip(names, rendered, strict=True))
        row |= {
            "split": split_of[row["patient"]],
            "pictures": names,
            "pictures_sha256": [hashlib.sha256(png).hexdigest() for png in rendered],
        }
        items.kept.append(row)
    for rejected in state.rejected_proposals:
        items.set_aside.append(
            _empty_row()
            | {
                "case": rejected.case,
                "patient": state.cases[rejected.case].patient
                if rejected.case in state.cases
                else rejected.case,
                "task": rejected.task,
                "form": rejected.form,
                "structures": list(rejected.structures),
                "status": "rejected",
                "reason": f"{rejected.rule}: {rejected.reason}" if rejected.rule else rejected.reason,
            }
        )
    return items


def split_patients(patients: Iterable[str], splits: Mapping[str, float]) -> dict[str, str]:
    """Put whole patients into splits, by the order of their hashes: the same for the same patients, whoever exports.

    Every split with a share gets a patient where there are enough of them; the last one named takes what is left.

    Raises
    ------
    BenchmarkError
        If the shares aren't positive or don't sum to 1.
    """
    if not splits or any(share <= 0 for share in splits.values()) or abs(sum(splits.values()) - 1) > 1e-6:
        raise BenchmarkError(
            "the shares of the splits must be positive and sum to 1",
            hint="For example validation=0.2,test=0.8.",
        )
    if any(not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name == "all" for name in splits):
        raise BenchmarkError(
            "a split is named in small letters, and not `all`", hint="For example validation and test."
        )
    ordered = sorted(set(patients), key=lambda p: hashlib.sha256(p.encode()).hexdigest())
    names = list(splits)
    counts = {name: max(1, round(splits[name] * len(ordered))) for name in names[:-1]}
    result: dict[str, str] = {}
    place = 0
    for position, name in enumerate(names[:-1]):
        room = len(ordered) - place - (len(names) - 1 - position)
        for patient in ordered[place : place + min(counts[name], max(room, 0))]:
            result[patient] = name
        place = len(result)
    result |= dict.fromkeys(ordered[place:], names[-1])
    return result


def prompt_text(row: Mapping[str, Any]) -> str:
    """Stem, lettered options and the form of answer that the scoring expects."""
    lines = [row["stem"]]
    if row["options"]:
        lines += [f"{LETTERS[i]}. {option}" for i, option in enumerate(row["options"])]
        return "\n".join([*lines, "", LETTER_INSTRUCTION])
    return "\n".join([*lines, "", NUMBER_INSTRUCTION.format(unit=row["unit"] or "(a plain number)")])


def why_not_kept(found: QuestionState) -> str:
    """The reason in words."""
    if found.withdrawn:
        return "withdrawn by whoever proposed it"
    if found.status == "rejected":
        verdict = found.rejection
        return "rejected" if verdict is None else f"{verdict.rule or verdict.member}: {verdict.reason}"
    decision = found.adjudication
    if found.status == "dropped" and decision is not None:
        return f"dropped by {decision.actor}: {decision.note or 'as the scores say'}"
    scores = found.scores
    if found.status == "dropped":
        reasons = sorted({code for r in found.reviews.values() for code in r.reasons})
        said = f" ({', '.join(reasons)})" if reasons else ""
        return f"scores {', '.join(map(str, scores))}: their mean is not more than 1{said}"
    waiting = {
        "pending": "not reviewed yet",
        "provisional": f"{len(scores)} of 3 scores",
        "stale": found.stale_reason or "changed since it was reviewed",
        "conflict": "two versions wait to be settled",
    }
    return waiting[found.status]


def _patient(state: State, found: QuestionState) -> str:
    record = state.cases.get(found.case)
    return record.patient if record is not None and record.patient else found.case


def _empty_row() -> dict[str, Any]:
    texts = (
        "id", "case", "patient", "modality", "task", "form", "stem", "answer", "answer_text", "truth", "unit", "status",
        "key", "evidence", "label_sha256", "segmentation", "rationale", "provenance",
    )  # fmt: skip
    row: dict[str, Any] = dict.fromkeys(texts, "")
    return row | {
        "structures": [],
        "options": [],
        "uncertainty": None,
        "revision": 0,
        "rules": [],
        "reviews": [],
    }


def _row(state: State, found: QuestionState) -> dict[str, Any]:
    question = found.question
    record = state.cases.get(found.case)
    return _empty_row() | {
        "id": found.id,
        "case": found.case,
        "patient": _patient(state, found),
        "modality": record.modality if record is not None else "unknown",
        "task": question.task,
        "form": question.key.form,
        "structures": list(question.key.structures),
        "stem": question.stem,
        "options": list(question.options),
        "answer": question.answer,
        "answer_text": question.answer_text,
        "truth": as_json(question.truth),
        "unit": question.unit,
        "uncertainty": question.uncertainty,
        "status": found.status,
        "revision": found.revision,
        "reviews": [
            {"reviewer": r.reviewer, "score": r.score, "reasons": list(r.reasons), "comment": r.comment}
            for r in _by_name(found)
        ],
        "key": as_json(question.key.model_dump(mode="json")),
        "evidence": as_json([dict(e) for e in question.evidence]),
        "rules": list(question.rules),
        "label_sha256": question.label_sha256,
        "segmentation": question.segmentation,
        "rationale": question.rationale,
        "provenance": as_json(question.provenance),
    }


def _by_name(found: QuestionState) -> Sequence[Any]:
    return [review for _, review in sorted(found.reviews.items())]


def as_json(value: Any) -> str:
    """Nested values as one text, so that every format can hold them."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
