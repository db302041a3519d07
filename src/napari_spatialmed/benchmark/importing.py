"""Questions made elsewhere: what would be added, what would change, what can't be taken, before anything is written.

Read are our own JSON Lines and CSV exports, and SpatialMed-style tables (question, options, answer, task, scan) as JSON,
JSON Lines, CSV or Parquet.  A question that comes without an answer key is taken as *unverified*: nothing can recompute its
answer, and `verify` says so.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from napari_spatialmed.benchmark.benchmark import Benchmark, Draft
from napari_spatialmed.benchmark.events import QuestionProposed, first_problem
from napari_spatialmed.benchmark.question_files import rows_of
from napari_spatialmed.benchmark.state import EDITABLE, State
from napari_spatialmed.questions.answering import BadKeyError, UnknownFormError, check_key
from napari_spatialmed.questions.model import LETTERS, TASKS, Question

IMPORTED_FORM = "imported"
"""The form of a question without an answer key."""

_TASK_NAMES = {
    "directional": "DIR", "direction": "DIR", "distance": "DIST", "extent": "EXT", "volume": "VOL",
    "volume magnitude": "VOL", "comparative": "COMP", "comparison": "COMP", "volume estimation": "VOLEST",
    "volume_estimation": "VOLEST", "count": "COUNT", "contact": "CONT", "margin": "MARG", "shape": "SHAPE",
}  # fmt: skip
_OURS = frozenset({"id", "case", "key", "stem", "answer"})
_CASE_ID = re.compile(r"(?:case|scan)-[0-9a-f]{12}")
_QUESTION_ID = re.compile(r"q-[0-9a-f]{12}")
_LETTERED = re.compile(r"^\s*\(?([A-H])[).:]\s*(.+)$")


@dataclass(frozen=True, slots=True)
class Change:
    """A question that is here already with another text; `fields` are those that differ."""

    question: str
    fields: tuple[str, ...]
    new: Mapping[str, Any]


@dataclass(slots=True)
class ImportPlan:
    """What an import would do.

    Attributes
    ----------
    added
        Questions that aren't here.
    changed
        Questions that are here with another text.
    unchanged
        How many are here as they are.
    invalid
        (row, reason) of what can't be taken; rows count from 1.
    """

    source: str
    added: list[Question] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    invalid: list[tuple[int, str]] = field(default_factory=list)

    @property
    def unverified(self) -> int:
        """How many of the added have no answer key."""
        return sum(q.key.form == IMPORTED_FORM for q in self.added)


def plan_import(source: str | Path, state: State) -> ImportPlan:
    """Read questions and compare them with a benchmark; nothing is written.

    Raises
    ------
    BenchmarkError
        If the file can't be read, or isn't of a format known here.
    """
    path = Path(source)
    plan = ImportPlan(path.name)
    seen: set[str] = set()
    for number, row in enumerate(rows_of(path), start=1):
        try:
            question = _question(row)
        except ValidationError as error:
            plan.invalid.append((number, first_problem(error)))
            continue
        except ValueError as error:
            plan.invalid.append((number, str(error)))
            continue
        if question.id in seen:
            plan.invalid.append((number, f"{question.id} stands in the file twice"))
            continue
        seen.add(question.id)
        _compare(plan, number, question, state)
    return plan


def _compare(plan: ImportPlan, number: int, question: Question, state: State) -> None:
    held = state.questions.get(question.id)
    if held is None:
        plan.added.append(question)
        return
    if held.case != question.case:
        plan.invalid.append((number, f"{question.id} is here for another case, {held.case}"))
        return
    before, after = held.question.model_dump(mode="json"), question.model_dump(mode="json")
    differ = tuple(sorted(f for f in EDITABLE if before[f] != after[f]))
    if differ:
        plan.changed.append(Change(question.id, differ, {f: after[f] for f in differ}))
    else:
        plan.unchanged += 1


def import_(plan: ImportPlan, benchmark: Benchmark, *, with_changes: bool = False) -> None:
    """Write what was planned: additions as proposals and, only if asked, changes as new revisions."""
    benchmark.append_all(
        [
            Draft(
                "question_proposed",
                QuestionProposed(question=q, accepted=True, reason=f"imported from {plan.source}"),
                q.id,
                1,
            )
            for q in plan.added
        ]
    )
    if with_changes:
        for change in plan.changed:
            benchmark.edit(change.question, "question", change.new, f"imported from {plan.source}")


def _question(row: Any) -> Question:
    """A question out of a row of ours or of SpatialMed's kind.

    Raises
    ------
    ValueError
        With what is missing or doesn't fit.
    """
    if not isinstance(row, Mapping):
        raise ValueError("it is no record with named fields")
    named = {str(name).strip().casefold(): value for name, value in row.items() if name is not None}
    try:
        question = _our_question(named) if named.keys() >= _OURS else _foreign_question(named)
        question.model_dump_json()
    except (UnicodeEncodeError, PydanticSerializationError):
        raise ValueError("a text in it holds half a character (a lone surrogate)") from None
    return question


def _our_question(row: Mapping[str, Any]) -> Question:
    fields = {name: row[name] for name in Question.model_fields if name in row}
    for name in ("key", "truth", "evidence", "provenance", "options", "rules"):
        if isinstance(fields.get(name), str):
            fields[name] = json.loads(fields[name]) if fields[name] else None
    if fields.get("uncertainty") == "":
        fields["uncertainty"] = None
    if not _QUESTION_ID.fullmatch(str(fields["id"])):
        raise ValueError(f"{fields['id']!r} is not a question's id")
    if not isinstance(fields["case"], str) or not fields["case"]:
        raise ValueError(f"the field 'case' should name a scan, not be {fields['case']!r}"[:200])
    if not _CASE_ID.fullmatch(fields["case"]):
        fields["case"] = _case_id(fields["case"])
    question = Question.model_validate(
        {name: value for name, value in fields.items() if value is not None or name == "truth"}
    )
    _check_answer(question.answer, question.options)
    try:
        check_key(question.key)
    except UnknownFormError:
        pass  # taken as unverified
    except BadKeyError as error:
        raise ValueError(str(error)) from None
    return question


def _foreign_question(row: Mapping[str, Any]) -> Question:
    stem = _text(row, "question", "stem")
    task = _task(_text(row, "task", "category", "type"))
    options = _options(row)
    answer = _answer(_text(row, "answer", "ground_truth", "gt"), options)
    scan = _text(row, "scan", "case", "case_id", "scan_id", "image", "volume")
    own = next((str(row[k]) for k in ("id", "question_id", "qid") if row.get(k) not in (None, "")), "")
    basis = f"{scan}\n{own}" if own else "\n".join([scan, stem, *options])
    return Question(
        id="q-" + hashlib.sha256(basis.encode()).hexdigest()[:12],
        case=_case_id(scan),
        key={"task": task, "form": IMPORTED_FORM, "structures": _structures(row)},  # type: ignore[arg-type]
        stem=stem,
        options=tuple(options),
        answer=answer,
        truth=options[LETTERS.index(answer)] if options else float(answer),
        unit=str(row.get("unit") or ""),
        provenance={"source": "imported"},
    )


def _text(row: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = row.get(name)
        if value is not None and str(value).strip():
            return str(value).strip()
    there = ", ".join(str(name) for name in row)[:200]
    raise ValueError(f"the field {names[0]!r} is missing or empty; its fields are: {there or 'none'}")


def _task(name: str) -> str:
    wanted = " ".join(name.replace("-", " ").split())
    if wanted.upper() in TASKS:
        return wanted.upper()
    found = _TASK_NAMES.get(wanted.casefold())
    if found is None:
        raise ValueError(f"no task {name!r}; there are {', '.join(TASKS)}")
    return found


def _options(row: Mapping[str, Any]) -> list[str]:
    given = row.get("options", row.get("choices"))
    if isinstance(given, str) and given.strip():
        try:
            given = json.loads(given)
        except json.JSONDecodeError:
            given = [part for part in re.split(r"[\n;|]", given) if part.strip()]
    if isinstance(given, Mapping):
        given = [given[letter] for letter in sorted(given)]
    if given and not isinstance(given, list | tuple):
        raise ValueError(f"the options should be a list or an object, not {given!r}"[:200])
    if not given:
        given = [row[letter.casefold()] for letter in LETTERS if row.get(letter.casefold()) not in (None, "")]
    options = [str(option).strip() for option in given]
    lettered = [_LETTERED.match(option) for option in options]
    if options and all(m is not None and m.group(1) == LETTERS[i] for i, m in enumerate(lettered)):
        options = [m.group(2).strip() for m in lettered if m is not None]
    if len(options) == 1 or len(options) > len(LETTERS):
        raise ValueError(f"{len(options)} options")
    if len({option.casefold() for option in options}) < len(options):
        raise ValueError("two options are equal")
    return options


def _answer(given: str, options: list[str]) -> str:
    if not options:
        number = re.fullmatch(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(?:[^\W\d]\S*|%)?", given)
        if number is None:
            raise ValueError(f"an open question's answer must be a number, not {given!r}")
        return number.group(1)
    letter = given.strip("().: ").upper()
    if letter in tuple(LETTERS[: len(options)]):
        return letter
    lettered = _LETTERED.match(given)
    said = (lettered.group(2) if lettered else given).strip().casefold()
    same = [i for i, option in enumerate(options) if option.casefold() == said]
    if len(same) != 1:
        raise ValueError(f"the answer {given!r} is none of the options")
    return LETTERS[same[0]]


def _check_answer(answer: str, options: tuple[str, ...]) -> None:
    if options and answer not in tuple(LETTERS[: len(options)]):
        raise ValueError(f"the answer {answer!r} is no option's letter")


def _structures(row: Mapping[str, Any]) -> tuple[str, ...]:
    given = row.get("structures", row.get("organs", row.get("organ", ())))
    if isinstance(given, str):
        given = [part.strip() for part in re.split(r"[,;]", given) if part.strip()]
    if given and not isinstance(given, list | tuple):
        raise ValueError(f"the structures should be a list, not {given!r}"[:200])
    return tuple(str(name) for name in given or ())


def _case_id(scan: str) -> str:
    """A name that leads to no file and no person."""
    return scan if _CASE_ID.fullmatch(scan) else "scan-" + hashlib.sha256(scan.encode()).hexdigest()[:12]
