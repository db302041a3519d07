"""Rules G: answers are computed, never generated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import JsonValue

from napari_spatialmed.geometry import CALCULATORS_VERSION
from napari_spatialmed.questions.answering import labels_hash, recompute, tell
from napari_spatialmed.questions.form import Form, title_of
from napari_spatialmed.questions.model import LETTERS, Question
from napari_spatialmed.questions.naming import AXIS_WORDS, OPPOSITE, first_named, without_names
from napari_spatialmed.questions.numbers import numbers_in, read_interval, read_number
from napari_spatialmed.questions.rules.registry import OnScan, declare

_AXIS_TERMS = {
    "RL": r"right|left|lateral|mediolateral|transverse|rl|lr",
    "AP": r"anterior|posterior|anteroposterior|ventral|dorsal|front|back|ap|pa",
    "SI": r"superior|inferior|craniocaudal|cranial|caudal|above|below|vertical|si|head|feet",
}
_ARRAY_AXES = re.compile(
    r"\b[xyz][\s-]?(?:axis|range|extent|direction|coordinate)s?\b|\b(?:width|height|depth)\b", re.I
)
_GRID_UNITS = re.compile(r"\b(?:voxel|pixel|slice)s?\b", re.I)
_CT = re.compile(r"\b(?:CT|CBCT|computed tomograph\w*|hounsfield|HU)\b")
_MR = re.compile(r"\b(?:MRI?|magnetic resonance|T1w?|T2w?|FLAIR)\b")
_COMPARED_WITH = re.compile(
    r"\b(?:relative to|seen from|viewed from|side of|compared (?:to|with)|than|as large as|divided by)\b",
    re.I,
)
_OPEN_UNITS = {
    "mL": r"\bml\b|millilit|cm³|cm3|cubic cent",
    "mm": r"\bmm\b|millimet",
    "%": r"%|percent",
    "ratio": r"ratio|times|factor",
    "count": r"how many|number|count",
}


def plain_stem(question: Question) -> str:
    """The stem without the structures' names, whose digits and side words are no statement."""
    key = question.key
    return without_names(
        question.stem, tuple(n for name in key.structures for n in (name, title_of(key, name)))
    )


def _no_foreign_number(question: Question, form: Form) -> str | None:
    allowed = tuple(_numbers(question.key.params))
    count = float(len(question.key.structures))
    foreign = [
        reading.written
        for reading in numbers_in(plain_stem(question))
        if not any(abs(reading.value - number) < 1e-6 for number in allowed)
        and (reading.unit or reading.value != count)
    ]
    if foreign:
        return f"The stem states {', '.join(foreign)}, which no calculator computed: numbers come from the answer key only."
    return None


def _numbers(value: JsonValue) -> Iterator[float]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)


def _text_agrees_with_key(question: Question, form: Form) -> str | None:
    return _answer_states_truth(question, form) or _stem_asks_for_key(question, form)


def _stem_asks_for_key(question: Question, form: Form) -> str | None:
    key, stem = question.key, plain_stem(question)
    for word in form.contrary_words(key):
        if re.search(rf"\b{word}\b", stem, re.I):
            return f"The stem says {word!r}, the opposite of what the answer key computes."
    if form.compared_with is None:
        return None
    names = [(title_of(key, name), name) for name in key.structures]
    for found in _COMPARED_WITH.finditer(question.stem):
        place = first_named(question.stem[found.end() :], names)
        if place is not None and place != form.compared_with:
            wanted = names[form.compared_with][0]
            return f"The key compares with the {wanted}; after {found[0]!r} the stem names the {names[place][0]}."
    return None


def _answer_states_truth(question: Question, form: Form) -> str | None:
    truth = tell(question.truth, question.unit)
    if question.is_open:
        reading = read_number(question.answer)
        if (
            reading is None
            or not isinstance(question.truth, int | float)
            or abs(reading.value - question.truth) > reading.rounding
        ):
            return f"The answer says {question.answer!r}; the calculators gave {truth}."
        return None
    if question.answer not in LETTERS[: len(question.options)]:
        return f"The answer is marked {question.answer!r}; the options are {', '.join(LETTERS[: len(question.options)])}."
    right = [LETTERS[i] for i in form.right(question.key, question.truth, question.options, 0.0)]
    if not right:
        return f"No option states what the calculators gave: {truth}."
    if len(right) > 1:
        return f"Options {' and '.join(right)} are both right: the calculators gave {truth}."
    if right[0] != question.answer:
        return f"{question.answer} is marked, but {right[0]} states what the calculators gave: {truth}."
    return None


def _answer_holds_on_scan(seen: OnScan) -> str | None:
    again = recompute(seen.question, seen.geometry, others=seen.others)
    return None if again.matches else again.reason


def _patient_units(question: Question, form: Form) -> str | None:
    for text in (plain_stem(question), *question.options):
        if found := _GRID_UNITS.search(text):
            return f"{found[0]!r} depends on the scan's grid: use mm, cm, mL, % or a ratio."
    if question.is_open:
        wanted = _OPEN_UNITS.get(question.unit, "")
        if wanted and not re.search(wanted, question.stem, re.I):
            return f"The stem doesn't say which unit the number should have ({question.unit})."
        return None
    if form.option_kind not in ("number", "interval", "span") or question.unit in ("ratio", "count", ""):
        return None
    for letter, option in zip(LETTERS, question.options, strict=False):
        reading = read_number(option) or read_interval(option)
        if reading is not None and reading.unit != question.unit:
            said = f"is in {reading.unit}" if reading.unit else "has no unit"
            return f"Option {letter} ({option}) {said}; the answer is in {question.unit}."
    return None


def _patient_axes(question: Question, form: Form) -> str | None:
    stem = plain_stem(question)
    if found := _ARRAY_AXES.search(stem):
        return f"{found[0]!r} is no axis of the patient: say right–left, anterior–posterior or superior–inferior."
    wanted = form.axes(question.key)
    if not wanted:
        return None
    said = [axis for axis, terms in _AXIS_TERMS.items() if re.search(rf"\b(?:{terms})\b", stem, re.I)]
    if missing := [AXIS_WORDS[axis] for axis in wanted if axis not in said]:
        return f"The key measures along {' and '.join(missing)}; the stem doesn't say so."
    if foreign := [AXIS_WORDS[axis] for axis in said if axis not in wanted]:
        return f"The stem also speaks of {' and '.join(foreign)}, along which the key doesn't measure."
    towards = question.key.params.get("towards")
    if (
        isinstance(towards, str)
        and re.search(rf"\b{OPPOSITE[towards]}\b", stem, re.I)
        and not re.search(rf"\b{towards}\b", stem, re.I)
    ):
        return f"The key asks for the most {towards}; the stem says {OPPOSITE[towards]}."
    return None


def _modality_said(question: Question, form: Form) -> str | None:
    modality = str(question.provenance.get("modality", "unknown"))
    text = " ".join((question.stem, *question.options))
    for name, pattern in (("CT", _CT), ("MR", _MR)):
        found = pattern.search(text)
        if found and modality != name:
            return f"The question says {found[0]!r}; the scan's modality is {modality}."
    return None


def _modality_of_scan(seen: OnScan) -> str | None:
    kept = seen.question.provenance.get("modality")
    now = seen.geometry.case.modality
    if kept is not None and kept != now:
        return f"The question was made for {kept}; this scan is {now}."
    return None


def _record_complete(question: Question, form: Form) -> str | None:
    missing = [
        words
        for words, there in (
            ("the label map's hash", re.fullmatch(r"[0-9a-f]{64}", question.label_sha256)),
            ("who drew the labels", question.segmentation),
            ("the calculators' version", question.key.calculators_version),
        )
        if not there
    ]
    return f"The record lacks {' and '.join(missing)}." if missing else None


def _record_of_these_labels(seen: OnScan) -> str | None:
    if seen.question.case != seen.geometry.case.id:
        return f"The question is about {seen.question.case}, not about this scan."
    version = seen.question.key.calculators_version
    if version != CALCULATORS_VERSION:
        return f"Computed with version {version} of the calculators, now {CALCULATORS_VERSION}: it wants to be computed again."
    if seen.question.label_sha256 != labels_hash(seen.geometry):
        return "The labels were edited since the question was computed: it wants to be computed again."
    return None


declare(
    "G1", "No number from a language model",
    "A number that no calculator computed can be wrong, and nobody could check it. Numbers stand in the answer key; the stem may repeat them.",
    ("text",), text=_no_foreign_number,
)  # fmt: skip
declare(
    "G2", "The marked answer is what the calculators give",
    "Anyone must be able to recompute the answer from the labels. If an option, the marked letter or the labels changed, the question is stale until it is reviewed again.",
    ("text", "truth"), text=_text_agrees_with_key, truth=_answer_holds_on_scan,
)  # fmt: skip
declare(
    "G3", "Patient units, never voxels",
    "The same organ has other voxel counts in every scan. Lengths are in mm or cm, volumes in mL, shares in %.",
    ("text",), text=_patient_units,
)  # fmt: skip
declare(
    "G4", "The patient's axes",
    "Width, height, depth or x, y, z depend on how a file is stored. Right–left, anterior–posterior and superior–inferior don't.",
    ("text",), text=_patient_axes,
)  # fmt: skip
declare(
    "G5", "The modality comes from the scan",
    "A brain MR that is called a CT teaches nonsense, and Hounsfield units exist in CT only.",
    ("text", "truth"), text=_modality_said, truth=_modality_of_scan,
)  # fmt: skip
declare(
    "G6", "The record says what it was computed from",
    "Without the label map's hash, its source and the calculators' version nobody can repeat the computation.",
    ("text", "truth"), text=_record_complete, truth=_record_of_these_labels,
)  # fmt: skip
