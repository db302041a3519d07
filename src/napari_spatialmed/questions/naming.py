"""How structures and axes are called in a stem, and how they are found again in an edited one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

AXES: Mapping[str, tuple[str, str]] = {
    "RL": ("right", "left"),
    "AP": ("anterior", "posterior"),
    "SI": ("superior", "inferior"),
}
"""The patient's axes (rule G4): the word for the positive direction of RAS coordinates, then the negative one."""

AXIS_WORDS: Mapping[str, str] = {"RL": "right–left", "AP": "anterior–posterior", "SI": "superior–inferior"}
OPPOSITE: Mapping[str, str] = {w: o for a, b in AXES.values() for w, o in ((a, b), (b, a))}
AXIS_OF: Mapping[str, str] = {word: axis for axis, pair in AXES.items() for word in pair}
DIRECTION_HINTS: Mapping[str, tuple[str, ...]] = {
    "RL": ("right", "left"),
    "AP": ("anterior", "posterior", "ventral", "dorsal", "frontal", "occipital"),
    "SI": ("superior", "inferior", "upper", "lower", "middle"),
}
"""Words in a structure's name that give a direction along the axis away (rule O5)."""

_NAMEABLE = re.compile(r"^\w[\w \-–/()+.,'’]{0,59}$")
_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|instructions?|prompts?|assistant|answer|respond|reply|output)\b", re.I
)
_NO_ARTICLE = re.compile(
    r"^(vertebra|segment|rib)\b.*\d|^(segment|level)\b|\b(tumor|lesion|cyst|nodule|metastasis|mass|label|structure) \d+$",
    re.I,
)
_PLURAL = re.compile(r"(?<![aius])s$(?<!lens)(?<!accumbens)|vertebrae$|hippocampi$", re.I)
_LEVEL = re.compile(r"\b(?:[CTLS]\d{1,2}|rib \d{1,2}|\d{1,2}(?:st|nd|rd|th) rib)\b", re.I)
_BARRIER = re.compile(r"[,;:.?!()>]")
_SMALL_WORDS = frozenset({"the", "a", "an", "of"})


def nameable(title: str) -> bool:
    """Whether a title can stand in a sentence: short, one line, nothing in it that could pass for an instruction."""
    return bool(_NAMEABLE.match(title)) and not _INSTRUCTION.search(title)


def the(title: str) -> str:
    """``the liver`` but ``vertebra L1``."""
    return title if _NO_ARTICLE.search(title) or title.casefold().startswith("the ") else f"the {title}"


def is_plural(title: str) -> bool:
    """Whether a name is one of several things: ``kidneys``, ``deep back muscles``, but not ``pancreas``."""
    head = re.split(r" (?:\(|of |in |below )", title)[0].split()
    return bool(head) and bool(_PLURAL.search(head[-1]))


def agreeing(text: str, phrases: Iterable[str]) -> str:
    """A question whose verbs agree with the plural names that follow them: ``How large are the kidneys``."""
    for named in filter(is_plural, phrases):
        for one, many in (("is", "are"), ("does", "do"), ("has", "have")):
            text = re.sub(rf"\b{one} {re.escape(named)}", f"{many} {named}", text)
            text = re.sub(rf"\b{one.capitalize()} {re.escape(named)}", f"{many.capitalize()} {named}", text)
    return text


def listing(phrases: Sequence[str], word: str = "and") -> str:
    """``the liver, the spleen and the aorta``."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} {word} {phrases[-1]}"


def hint_in(title: str, axis: str) -> str | None:
    """The word in a name that gives a direction along the axis away, or None."""
    found = re.search(rf"\b({'|'.join(DIRECTION_HINTS[axis])})\b", title, re.I)
    return found[0] if found else None


def is_level(title: str) -> bool:
    """Whether a name is numbered from head to foot: vertebrae, ribs."""
    return bool(_LEVEL.search(title))


def same_words(text: str) -> tuple[str, ...]:
    """The words of a name regardless of case, order, underscores, articles and a plural *s*: for comparing."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return tuple(sorted(_singular(w) for w in words if w not in _SMALL_WORDS))


def mentions(text: str, title: str, name: str, *, any_order: bool = True) -> bool:
    """Whether a sentence names a structure, as ``left kidney``, ``kidney left`` or ``kidney_left``.

    With `any_order` False only as title or with its underscores: "right kidney left of …" names no left kidney.
    """
    if not any_order:
        return bool(_spans(text, title, any_order=False)) or (
            "_" in name and name.casefold() in text.casefold()
        )
    return any(_spans(text, known, any_order=any_order) for known in (title, name))


def first_named(text: str, names: Iterable[tuple[str, str]]) -> int | None:
    """Which of the (title, name) pairs stands first in a text, by place in the list; None if none does."""
    starts = [
        (spans[0][0], -spans[0][1], place)
        for place, known in enumerate(names)
        if (spans := sorted(s for n in known for s in _spans(text, n, any_order=False)))
    ]
    return min(starts)[2] if starts else None


@lru_cache(maxsize=256)
def without_names(text: str, names: tuple[str, ...]) -> str:
    """The sentence with every one of these names blanked out, longest first, so that digits in them don't count."""
    for name in sorted(set(names), key=len, reverse=True):
        spans = _spans(text, name, any_order=False) or _spans(text, name, any_order=True)
        for start, end in reversed(spans):
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@lru_cache(maxsize=1024)
def _words(text: str) -> tuple[tuple[int, int, str], ...]:
    found = ((m.start(), m.end(), m[0].casefold()) for m in re.finditer(r"[^\W_]+", text))
    return tuple((start, end, _singular(word)) for start, end, word in found if word not in _SMALL_WORDS)


def _spans(text: str, name: str, *, any_order: bool) -> list[tuple[int, int]]:
    """Where a name stands: its words next to each other, with no punctuation between that the name hasn't itself."""
    wanted = [word for _, _, word in _words(name)]
    tokens = _words(text)
    size = len(wanted)
    found: list[tuple[int, int]] = []
    for i in range(len(tokens) - size + 1 if size else 0):
        window = tokens[i : i + size]
        words = [word for _, _, word in window]
        if words != wanted and not (any_order and sorted(words) == sorted(wanted)):
            continue
        start, end = window[0][0], window[-1][1]
        if (found and start < found[-1][1]) or (
            _BARRIER.search(text[start:end]) and not _BARRIER.search(name)
        ):
            continue
        found.append((start, end))
    return found
