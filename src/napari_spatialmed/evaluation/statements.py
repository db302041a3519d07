"""What an explanation says about space, read by a parser and unchecked: numbers, comparisons, directions, what is seen.

It reads plain English and leaves alone what it doesn't understand.  What it finds goes to `checking`.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from napari_spatialmed.evaluation.markup import strip_thinking
from napari_spatialmed.evaluation.parsing import ANSWER_LINE
from napari_spatialmed.evaluation.quantities import find_quantities

StatementKind = Literal["number", "comparison", "direction", "seen"]
DIMENSIONS = frozenset({"length", "volume", "area", "ratio", "hu"})
"""Of numbers that can be claimed of a structure."""

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
OPPOSITE = {"left": "right", "right": "left", "anterior": "posterior", "posterior": "anterior",
             "superior": "inferior", "inferior": "superior"}  # fmt: skip
AXIS = {"left": "RL", "right": "RL", "anterior": "AP", "posterior": "AP", "superior": "SI", "inferior": "SI"}
_SYNONYMS = {"above": "superior", "higher": "superior", "cranial": "superior", "below": "inferior", "lower": "inferior",
             "caudal": "inferior", "beneath": "inferior", "behind": "posterior", "dorsal": "posterior",
             "ventral": "anterior", "in front": "anterior"}  # fmt: skip
_DIRECTION = re.compile(
    r"\b(left|right|anterior|posterior|superior|inferior|above|below|beneath|behind|in front|higher|lower|cranial|caudal|dorsal|ventral)\b",
    re.I,
)
_MORE = re.compile(r"\b(larger|bigger|greater|more voluminous)\b[^.]*?\bthan\b", re.I)
_LESS = re.compile(r"\b(smaller|less voluminous|tinier)\b[^.]*?\bthan\b", re.I)
_UNSEEN = re.compile(
    r"\b(?:not|n['’]t|cannot|unable to)\b[^.,;]{0,24}\b(?:see|seen|visible|identify|identified|shown|discern\w*|depicted)\b|\binvisible\b",
    re.I,
)
_SEEN = re.compile(
    r"\b(?:visible|is seen|are seen|i see|we see|can be seen|is shown|are shown|is depicted)\b", re.I
)
_NEGATED = re.compile(r"\b(?:not|no|neither|nor)\b|n['’]t\b", re.I)


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing an explanation says.

    Attributes
    ----------
    kind
        What sort of thing.
    text
        The sentence it stands in.
    structures
        Names of the structures it is about: two for a comparison or direction, in the order said; one for a sight.
    word
        ``larger`` or ``smaller``; one of the six directions; for a number the number as written.
    negated
        Whether the sentence denies it.
    value, dimension
        Of a number, in the dimension's base unit (mm, mm², mL, ratio, HU).
    """

    kind: StatementKind
    text: str
    structures: tuple[str, ...]
    word: str = ""
    negated: bool = False
    value: float = 0.0
    dimension: str = ""


def find_statements(text: str, titles: Mapping[str, str]) -> list[Statement]:
    """Every statement about the structures of `titles` (name → title), in order; the final ``ANSWER:`` line is none."""
    statements: list[Statement] = []
    matcher = _names_matcher(tuple(sorted(titles.items())))
    for sentence in _SENTENCE.split(explanation_of(text)):
        found = [
            (m.start(), m.end(), matcher[1][m.group(0).casefold()]) for m in matcher[0].finditer(sentence)
        ]
        if found:
            statements += [
                *_directions(sentence, found),
                *_comparisons(sentence, found),
                *numbers_in(sentence, {name for _, _, name in found}),
                *_sightings(sentence, found),
            ]
    return statements


def structures_in(text: str, titles: Mapping[str, str]) -> set[str]:
    """Which of the structures a text names."""
    pattern, names = _names_matcher(tuple(sorted(titles.items())))
    return {names[m.group(0).casefold()] for m in pattern.finditer(text)}


def explanation_of(text: str) -> str:
    """An answer's words without its thinking and its ``ANSWER:`` line."""
    return ANSWER_LINE.sub("", strip_thinking(text))


_Found = list[tuple[int, int, str]]


@functools.lru_cache(maxsize=4096)
def _names_matcher(titles: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    spellings = {}
    for name, title in titles:
        for spelling in (title, name.replace("_", " ")):
            if spelling and not _DIRECTION.fullmatch(spelling):
                spellings[spelling.casefold()] = name
    parts = sorted(map(re.escape, spellings), key=len, reverse=True) or [r"(?!)"]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b", re.I), spellings


def _directions(sentence: str, found: _Found) -> list[Statement]:
    """ "A … left of B": a direction word between two names."""
    statements = []
    for (_, end, first), (start, _, second) in itertools.pairwise(found):
        between = sentence[end:start]
        if first == second or len(between) > 80 or _MORE.search(between) or _LESS.search(between):
            continue
        if not re.search(r"\b(?:of|to|than|above|below|behind|beneath)\b", between, re.I):
            continue
        words = directions_in(between)
        negated = bool(_NEGATED.search(between))
        statements += [
            Statement("direction", sentence.strip(), (first, second), word, negated)
            for word in sorted(words)
            if OPPOSITE[word] not in words
        ]
    return statements


def directions_in(text: str) -> set[str]:
    """The directions that a text names, by one word each."""
    return {_SYNONYMS.get(w.casefold(), w.casefold()) for w in _DIRECTION.findall(text)}


def _comparisons(sentence: str, found: _Found) -> list[Statement]:
    """ "A is larger than B" by volume."""
    statements = []
    for (_, end, first), (start, _, second) in itertools.pairwise(found):
        between = sentence[end:start]
        more, less = bool(_MORE.search(between)), bool(_LESS.search(between))
        if first != second and more != less:
            word, negated = "larger" if more else "smaller", bool(_NEGATED.search(between))
            statements.append(Statement("comparison", sentence.strip(), (first, second), word, negated))
    return statements


def numbers_in(sentence: str, named: set[str]) -> list[Statement]:
    """The numbers with a unit that a sentence gives of what it names; ranges, lists and bounds are left alone."""
    if not any(c.isdigit() for c in sentence):
        return []
    return [
        Statement(
            "number",
            sentence.strip(),
            tuple(sorted(named)),
            sentence[q.start : q.end].strip(),
            value=q.value,
            dimension=q.dimension,
        )
        for q in find_quantities(sentence)
        if q.dimension in DIMENSIONS and not q.part_of
    ]


def _sightings(sentence: str, found: _Found) -> list[Statement]:
    """ "The spleen is not visible"."""
    unseen = bool(_UNSEEN.search(sentence))
    if not unseen and not _SEEN.search(sentence):
        return []
    return [
        Statement("seen", sentence.strip(), (name,), "seen", unseen)
        for name in dict.fromkeys(name for _, _, name in found)
    ]
