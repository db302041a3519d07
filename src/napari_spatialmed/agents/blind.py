"""What a blind answerer is given: the words of a question and nothing of the scan."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Protocol

from napari_spatialmed.case import Case, Structure
from napari_spatialmed.questions import LETTERS, Question


@dataclass(frozen=True, slots=True)
class BlindItem:
    """A question as a blind reader sees it, with its words looked up in the names table.

    Nothing here depends on the labels' voxels: no truth, answer, evidence or threshold that isn't in an option.

    Attributes
    ----------
    stem, options
        As shown; the options in the order of this permutation.
    unit, task, form
        What kind of question it is; its words say as much.
    structures
        Those the question names: the subject before what it is seen from or compared with.
    structure_options
        Option → the structures it names, in its order.
    axis, towards
        Read from the stem: ``RL``, ``AP`` or ``SI``; and ``right``, ``anterior``, ….
    """

    stem: str
    options: tuple[str, ...]
    unit: str
    task: str
    form: str
    structures: tuple[Structure, ...]
    structure_options: Mapping[str, tuple[Structure, ...]]
    axis: str = ""
    towards: str = ""


@dataclass(frozen=True, slots=True)
class BlindAnswer:
    """What a blind reader said: an option, a number, or neither ("I can't know")."""

    option: int | None = None
    number: float | None = None
    said: str = ""


class Answerer(Protocol):
    """One blind reader."""

    name: str

    async def answer(self, item: BlindItem) -> BlindAnswer:
        """Answer without the scan.

        Raises
        ------
        SpatialMedError
            If no answer could be had; that counts as not validated (rule P4).
        """
        ...


_AXES = {
    "RL": r"right.left|left.right|\bright\b|\bleft\b|lateral",
    "AP": r"anterior|posterior",
    "SI": r"superior|inferior|cranio",
}
_REFERENCE = re.compile(
    r"(?:from|relative to|side of|as large as|divided by that of|by the volume of|compare with|with that of|than"
    r"|to the volume of|to that of) (?:the )?$"
)
"""What stands before the structure that another is seen from or compared with."""


def blind_item(question: Question, case: Case, order: tuple[int, ...] | None = None) -> BlindItem:
    """The blind view of a question, its options in `order`."""
    named = [case[name] for name in question.key.structures if name in case]
    order = tuple(range(len(question.options))) if order is None else order
    options = tuple(question.options[i] for i in order)
    stem = question.stem.casefold()
    inside = [(_place(stem, structure), structure) for structure in named]
    mentioned = [s for place, s in sorted(inside, key=lambda item: (item[0], item[1].name)) if place >= 0]
    mentioned.sort(key=lambda s: bool(_REFERENCE.search(stem[: _place(stem, s)])))
    rest = sorted((s for place, s in inside if place < 0), key=lambda s: s.name)
    bare = stem
    for structure in named:
        bare = bare.replace(structure.title.casefold(), " ")
    axis = next((axis for axis, words in _AXES.items() if re.search(words, bare)), "")
    towards = re.search(r"(?:most|farthest) (right|left|anterior|posterior|superior|inferior)", bare)
    return BlindItem(
        stem=question.stem,
        options=options,
        unit=question.unit,
        task=question.task,
        form=question.key.form,
        structures=(*mentioned, *rest),
        structure_options={option: _named_in(option, named) for option in options},
        axis=axis,
        towards=towards[1] if towards else "",
    )


def orders(question: Question, count: int, seed: int) -> list[tuple[int, ...]]:
    """`count` different orders of the options (fewer if there aren't so many), the same for a seed."""
    size = len(question.options)
    if size == 0:
        return [()]
    rng = random.Random(f"{seed}|{question.id}")
    if size <= 4:
        every = list(permutations(range(size)))
        rng.shuffle(every)
        return every[:count]
    found: list[tuple[int, ...]] = []
    while len(found) < count:
        order = tuple(rng.sample(range(size), size))
        if order not in found:
            found.append(order)
    return found


def is_right(question: Question, order: tuple[int, ...], answer: BlindAnswer, *, tolerance: float) -> bool:
    """Whether a blind answer is right: the right option, or a number within `tolerance` (relative) of the truth."""
    if question.options:
        return answer.option is not None and order[answer.option] == LETTERS.index(question.answer)
    truth = question.truth
    if answer.number is None or isinstance(truth, bool) or not isinstance(truth, int | float) or truth == 0:
        return False
    return abs(answer.number - truth) <= tolerance * abs(truth)


def _place(text: str, structure: Structure) -> int:
    return text.find(structure.title.casefold())


def _named_in(option: str, structures: list[Structure]) -> tuple[Structure, ...]:
    """The structures that an option names, in its order; a name inside a longer one doesn't count."""
    text = option.casefold()
    found: list[tuple[int, Structure]] = []
    for structure in sorted(structures, key=lambda s: -len(s.title)):
        place = _place(text, structure)
        if place >= 0:
            found.append((place, structure))
            text = text.replace(structure.title.casefold(), "\x00" * len(structure.title))
    return tuple(structure for _, structure in sorted(found, key=lambda item: item[0]))
