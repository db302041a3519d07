"""Rules O: options that a reader can tell apart, none of which gives itself away."""

from __future__ import annotations

import re
from itertools import combinations

from napari_spatialmed.questions.form import Form, title_of
from napari_spatialmed.questions.model import LETTERS, Question
from napari_spatialmed.questions.naming import hint_in, is_level, same_words
from napari_spatialmed.questions.numbers import (
    Interval,
    decimals_for,
    numbers_in,
    option_gap,
    read_interval,
    read_number,
)
from napari_spatialmed.questions.rules.answers import plain_stem
from napari_spatialmed.questions.rules.registry import OnScan, declare

_FILLER = re.compile(
    r"cannot be (?:compared|determined|said|judged|assessed)|can'?t be|not (?:enough|comparable|visible|applicable)|"
    r"(?:none|all|both|neither) of|^(?:none|both|neither|unknown|other|n/?a)$|insufficient|not sure|don'?t know",
    re.I,
)
_ROUGHLY_EQUAL = re.compile(r"approximately|roughly|about (?:the same|equal)|similar|nearly equal", re.I)


def _far_apart(question: Question, form: Form) -> str | None:
    stated = [form.states(question.key, option) for option in question.options]
    for letter, said, option in zip(LETTERS, stated, question.options, strict=False):
        if said is None:
            return f"Option {letter} ({option}) can't be read as a value."
    for (i, a), (j, b) in combinations(enumerate(stated), 2):
        parts = _parts(a, b, question.truth)
        if not any(
            abs(x - y) >= option_gap(t, question.unit, question.uncertainty) - 1e-6 for x, y, t in parts
        ):
            needed = min(option_gap(t, question.unit, question.uncertainty) for _, _, t in parts)
            return (
                f"Options {LETTERS[i]} ({question.options[i]}) and {LETTERS[j]} ({question.options[j]}) are too close: "
                f"they must differ by at least {needed:.3g} {question.unit}."
            )
    return None


def _parts(a: object, b: object, truth: object) -> list[tuple[float, float, float]]:
    """Number by number: (of one option, of the other, of the truth)."""
    if isinstance(a, dict) and isinstance(b, dict) and isinstance(truth, dict):
        return [(float(a[k]), float(b[k]), float(truth[k])) for k in truth]
    if isinstance(a, int | float) and isinstance(b, int | float) and isinstance(truth, int | float):
        return [(float(a), float(b), float(truth))]
    return []


def _clean_intervals(question: Question, form: Form) -> str | None:
    intervals: list[Interval] = []
    for letter, option in zip(LETTERS, question.options, strict=False):
        interval = read_interval(option)
        if interval is None:
            return f"Option {letter} ({option}) can't be read as a range."
        if interval.low >= interval.high:
            return f"Option {letter} ({option}) ends before it begins."
        intervals.append(interval)
    for (i, a), (j, b) in combinations(enumerate(intervals), 2):
        if a.low < b.high - 1e-9 and b.low < a.high - 1e-9:
            return f"Options {LETTERS[i]} ({question.options[i]}) and {LETTERS[j]} ({question.options[j]}) overlap."
    truth = question.truth
    if not isinstance(truth, int | float):
        return None
    holding = [interval for interval in intervals if truth in interval]
    if len(holding) != 1:
        return f"{len(holding)} of the ranges hold the truth ({truth:.4g} {question.unit}); it must be exactly one."
    width = holding[0].high - holding[0].low
    margin = max(0.05 * width if width != float("inf") else 0.0, question.uncertainty or 0.0)
    edge = min(truth - holding[0].low, holding[0].high - truth)
    if edge < margin - 1e-6:
        return f"The truth ({truth:.4g} {question.unit}) lies only {edge:.2g} from its range's edge; {margin:.2g} is the least."
    return None


def _no_fillers(question: Question, form: Form) -> str | None:
    seen: dict[tuple[str, ...], str] = {}
    for letter, option in zip(LETTERS, question.options, strict=False):
        if _FILLER.search(option.strip()):
            return f"Option {letter} ({option}) is a filler that is never the answer."
        if _ROUGHLY_EQUAL.search(option) and not re.search(
            r"\d\s?(?:%|percent|mm|mL)", f"{option} {question.stem}", re.I
        ):
            return f"Option {letter} ({option}) must print its tolerance."
        words = (option.strip().casefold(),)
        if words in seen:
            return f"Options {seen[words]} and {letter} say the same."
        seen[words] = letter
    return None


def _nothing_given_away(question: Question, form: Form) -> str | None:
    key = question.key
    titles = [title_of(key, name) for name in key.structures]
    for axis in form.hinting_axes(key):
        for title in titles:
            if word := hint_in(title, axis):
                return f"The name {title!r} holds the word {word!r}, which gives the answer away."
        levels = [title for title in titles if is_level(title)]
        if axis == "SI" and len(levels) >= 2:
            return f"{levels[0]} and {levels[1]} are numbered from head to foot: their order is no secret."
    if question.is_open or question.answer not in LETTERS[: len(question.options)]:
        return None
    stem = plain_stem(question)
    if form.option_kind in ("number", "interval"):
        right = question.truth
        if isinstance(right, int | float) and any(
            abs(r.value - right) <= r.rounding for r in numbers_in(stem)
        ):
            return "The stem states the answer's number."
        return None
    if form.option_kind != "word":
        return None
    inside = [option for option in question.options if _says(stem, option)]
    if inside == [question.answer_text]:
        return f"The stem holds the right option's words ({question.answer_text}) and no other option's."
    return None


def _says(stem: str, option: str) -> bool:
    words, wanted = same_words(stem), same_words(option)
    return bool(wanted) and all(word in words for word in wanted)


def _fair_contest(seen: OnScan) -> str | None:
    if seen.found is None:
        return seen.broken[1] if seen.broken and seen.broken[0] == "O6" else None
    return seen.form.contest(seen.question.key, seen.found)


def _honest_decimals(question: Question, form: Form) -> str | None:
    allowed = decimals_for(question.unit, question.uncertainty)
    if question.is_open:
        reading = read_number(question.answer)
        if reading is not None and reading.decimals > allowed:
            return f"{question.answer} pretends to {reading.decimals} decimals; the measurement is good for {allowed}."
        return None
    if form.option_kind not in ("number", "interval", "span", "sizes"):
        return None
    shown = [tuple(reading.decimals for reading in numbers_in(option)) for option in question.options]
    most = max((decimals for numbers in shown for decimals in numbers), default=0)
    if most > allowed:
        return f"The options show {most} decimals; the measurement is good for {allowed}."
    if len(set(shown)) > 1:
        return "The options have different numbers of decimals, which sets one of them apart."
    return None


declare(
    "O1", "Options that can be told apart",
    "Numbers closer than 10 % of the truth, 5 mm or 5 mL, or twice the uncertainty differ by less than any reader can see.",
    ("text",), text=_far_apart,
)  # fmt: skip
declare(
    "O2", "Ranges that don't overlap",
    "Exactly one range may hold the truth, and not at its very edge; the lower end belongs to a range, the upper end doesn't.",
    ("text",), text=_clean_intervals,
)  # fmt: skip
declare(
    "O4", "No fillers",
    "“Cannot be compared” is never the answer, so it only makes guessing easier; “approximately equal” means nothing without its tolerance; two options must not say the same.",
    ("text",), text=_no_fillers,
)  # fmt: skip
declare(
    "O5", "Nothing gives the answer away",
    "If a name or the stem holds the answer (“left kidney … on which side?”), nobody needs the scan.",
    ("text",), text=_nothing_given_away,
)  # fmt: skip
declare(
    "O6", "A fair contest",
    "The winner leads every other option by more than 3 mm, and none is more than six times as far: else it is a coin toss or no contest.",
    ("truth",), truth=_fair_contest,
)  # fmt: skip
declare(
    "O7", "Decimals as good as the measurement",
    "0.001 mL pretends to a precision that no segmentation has.",
    ("text",), text=_honest_decimals,
)  # fmt: skip
