"""The offline blind readers: three different ways of knowing anatomy without seeing the scan, named for what they are.

They answer from the words of a question alone.  None is a language model; a panel of models replaces them where
endpoints are set up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from napari_spatialmed.agents.anatomy_prior import Typical, are_neighbours, distance, gap, typical
from napari_spatialmed.agents.blind import Answerer, BlindAnswer, BlindItem
from napari_spatialmed.case import Structure
from napari_spatialmed.questions.numbers import read_interval, read_number

_TOWARDS = {"right": (0, 1), "left": (0, -1), "anterior": (1, 1), "posterior": (1, -1), "superior": (2, 1), "inferior": (2, -1)}  # fmt: skip
_AXIS = {"RL": 0, "AP": 1, "SI": 2}
_WORDS = {"RL": ("right", "left"), "AP": ("anterior", "posterior"), "SI": ("superior", "inferior")}
_STEP_MM = 15.0
_NOTHING = BlindAnswer(said="anatomy doesn't say")


class TypicalAnatomy:
    """Answers with the millimetres and millilitres of a typical adult (published volumes where there are some)."""

    name = "blind: typical anatomy"

    async def answer(self, item: BlindItem) -> BlindAnswer:
        """Take every structure as that of a typical adult and measure there."""
        return _from_body(item, typical, _estimate, tolerance=0.1)


class OrdinalAnatomy:
    """Knows orders only (what lies higher, further forward, more to the side; classes of size), no measures."""

    name = "blind: anatomical order"

    async def answer(self, item: BlindItem) -> BlindAnswer:
        """Compare ranks; for numbers, take the option that fits the class of size or nearness."""
        return _from_body(item, _coarse, _coarse_estimate, tolerance=0.3)


class TestWise:
    """Knows how questions are built, and no anatomy: middle numbers, sides that names tell, the longest text."""

    name = "blind: test-wise guesser"

    async def answer(self, item: BlindItem) -> BlindAnswer:
        """Apply the first rule of thumb that fits."""
        if not item.options:
            return _NOTHING
        numbers = [middle(option) for option in item.options]
        if all(number is not None for number in numbers):
            ranked = sorted(range(len(numbers)), key=lambda i: numbers[i] or 0.0)
            return _choose(item, ranked[(len(ranked) - 1) // 2], "a middle number")
        if item.axis == "RL" and len(item.structures) == 2:
            sides = [{"right": 1, "left": -1}.get(s.side or "", 0) for s in item.structures]
            if sides[0] != sides[1]:
                word = "right" if sides[0] > sides[1] else "left"
                return _choose(item, _option_with(item, word), "the names tell the side")
        longest = max(range(len(item.options)), key=lambda i: (len(item.options[i]), item.options[i]))
        return _choose(item, longest, "the longest option")


def offline_panel() -> list[Answerer]:
    """The three, in the order shown."""
    return [TypicalAnatomy(), OrdinalAnatomy(), TestWise()]


Know = Callable[[Structure], Typical | None]
Guess = Callable[[BlindItem, Sequence[Structure]], float | None]


def _from_body(item: BlindItem, know: Know, guess: Guess, *, tolerance: float) -> BlindAnswer:
    """Answer from a body in the mind: by words, by structures, or by an estimated number."""
    if not item.options:
        estimate = guess(item, item.structures)
        return BlindAnswer(number=estimate, said="estimated") if estimate else _NOTHING
    if all(middle(option) is not None for option in item.options):
        estimate = guess(item, item.structures)
        return _NOTHING if estimate is None else _nearest(item, estimate)
    known = [know(structure) for structure in item.structures]
    if item.task == "COMP" and len(item.structures) == 2:
        return _compare_sizes(item, known, tolerance)
    named = list(item.structure_options.values())
    if all(len(found) == 1 for found in named):
        return _which(item, [found[0] for found in named], know)
    if all(len(found) > 1 for found in named):
        return _order(item, know)
    if item.form == "ext.box" and len(known) == 1:
        return _box(item, known)
    if item.task == "EXT" and len(known) == 1 and known[0] is not None:
        box = known[0].box
        longest = max(_AXIS, key=lambda axis: box[_AXIS[axis]])
        return _choose(item, _option_with(item, *_WORDS[longest]), "the usual shape")
    if item.form == "dir.side":
        return _side(item, known[0])
    if item.task == "DIR" and len(known) == 2:
        return _direction(item, known)
    return _NOTHING


def _direction(item: BlindItem, known: Sequence[Typical | None]) -> BlindAnswer:
    """The option whose direction words (one, or one for each of two axes) all fit the usual places."""
    first, second = known
    if first is None or second is None or first.frame != second.frame:
        return _NOTHING
    fitting = []
    for index, option in enumerate(item.options):
        words = [word for word in _TOWARDS if re.search(rf"\b{word}\b", option.casefold())]
        signs = [
            _TOWARDS[word][1] * (first.at[_TOWARDS[word][0]] - second.at[_TOWARDS[word][0]]) for word in words
        ]
        if signs and all(sign > 0 for sign in signs):
            fitting.append(index)
    return _choose(item, fitting[0], "the usual place") if len(fitting) == 1 else _NOTHING


def _side(item: BlindItem, known: Typical | None) -> BlindAnswer:
    """The side of the midline on which the structure usually lies, if clearly."""
    if known is None or abs(known.at[0]) < _STEP_MM:
        return _NOTHING
    return _choose(item, _option_with(item, "right" if known.at[0] > 0 else "left"), "the usual side")


def _box(item: BlindItem, known: Sequence[Typical | None]) -> BlindAnswer:
    """The box whose three extents come nearest to the usual ones."""
    found = known[0]
    sizes = [
        [float(number) for number in re.findall(r"(\d+(?:\.\d+)?) mm", option)] for option in item.options
    ]
    if found is None or any(len(size) != 3 for size in sizes):
        return _NOTHING
    off = [
        sum(abs(math.log(max(a, 0.1) / b)) for a, b in zip(size, found.box, strict=True)) for size in sizes
    ]
    return _choose(item, off.index(min(off)), "the usual size")


def _compare_sizes(item: BlindItem, known: Sequence[Typical | None], tolerance: float) -> BlindAnswer:
    first, second = known
    if first is None or second is None:
        return _NOTHING
    ratio = first.ml / second.ml
    word = "equal" if abs(ratio - 1) < tolerance else "larger" if ratio > 1 else "smaller"
    return _choose(item, _option_with(item, word), "the usual sizes")


def _which(item: BlindItem, named: Sequence[Structure], know: Know) -> BlindAnswer:
    """The structure with the most of what is asked: a direction, a size, or nearness to the one that is no option."""
    if item.towards:
        axis, sign = _TOWARDS[item.towards]
        values = [None if (t := know(s)) is None else sign * t.at[axis] for s in named]
    elif item.task in ("DIST", "MARG"):
        reference = next((s for s in item.structures if s not in named), None)
        if reference is None:
            return _NOTHING
        far = "farthest" in item.stem or "furthest" in item.stem
        near = [gap(s, reference) if know is typical else _coarse_gap(s, reference) for s in named]
        values = [None if n is None else n if far else -n for n in near]
    else:
        least = "smallest" in item.stem
        values = [None if (t := know(s)) is None else -t.ml if least else t.ml for s in named]
    if any(value is None for value in values):
        return _NOTHING
    return _choose(item, max(range(len(values)), key=lambda i: values[i] or 0.0), "the usual anatomy")


def _order(item: BlindItem, know: Know) -> BlindAnswer:
    """The ranking whose sizes fall from first to last, or come nearest to it."""
    best, fewest = None, math.inf
    for index, option in enumerate(item.options):
        sizes = [t.ml for s in item.structure_options[option] if (t := know(s)) is not None]
        if len(sizes) != len(item.structure_options[option]):
            return _NOTHING
        wrong = sum(a < b for i, a in enumerate(sizes) for b in sizes[i + 1 :])
        if wrong < fewest:
            best, fewest = index, wrong
    return _choose(item, best, "the usual order")


def _estimate(item: BlindItem, structures: Sequence[Structure]) -> float | None:
    """A number in the question's unit from a typical body."""

    def apart(a: Typical, b: Typical) -> float | None:
        return gap(*structures[:2]) if "surface" in item.form else distance(a, b)

    return _number_from(item, [typical(structure) for structure in structures], apart)


def _number_from(
    item: BlindItem, known: Sequence[Typical | None], apart: Callable[[Typical, Typical], float | None]
) -> float | None:
    """A number in the question's unit from what is known of the structures; None if one isn't known."""
    bodies = [found for found in known if found is not None]
    if not known or len(bodies) < len(known):
        return None
    if item.unit == "mL":
        return bodies[0].ml
    if item.unit == "ratio" and len(bodies) == 2:
        return bodies[0].ml / bodies[1].ml
    if item.unit == "mm" and item.task == "DIST" and len(bodies) == 2:
        return apart(*bodies)
    if item.unit == "mm" and item.task == "EXT":
        return bodies[0].box[_AXIS[item.axis]] if item.axis else max(bodies[0].box)
    return None


def _coarse(structure: Structure) -> Typical | None:
    """A typical structure with places in steps of 15 mm, lengths in classes of a factor of 1.25 and sizes in classes of 1.5."""
    found = typical(structure)
    if found is None:
        return None
    at = [_STEP_MM * round(value / _STEP_MM) for value in found.at]
    box = [_classed(length, 1.25) for length in found.box]
    return Typical(
        found.frame, (at[0], at[1], at[2]), (box[0], box[1], box[2]), _classed(max(found.ml, 0.1), 1.5)
    )


def _classed(value: float, factor: float) -> float:
    return float(factor ** round(math.log(value, factor)))


def _coarse_gap(a: Structure, b: Structure) -> float | None:
    if are_neighbours(a, b):
        return 0.0
    first, second = _coarse(a), _coarse(b)
    return None if first is None or second is None else distance(first, second)


def _coarse_estimate(item: BlindItem, structures: Sequence[Structure]) -> float | None:
    """A number from classes: the middle of a size or length class, the distance between coarse places."""

    def apart(a: Typical, b: Typical) -> float | None:
        if are_neighbours(*structures[:2]):
            return 5.0 if "surface" in item.form else 70.0
        return distance(a, b)

    return _number_from(item, [_coarse(structure) for structure in structures], apart)


def _nearest(item: BlindItem, estimate: float) -> BlindAnswer:
    """The option that an estimate points to: the interval that holds it, the highest threshold below it, the nearest."""
    intervals = [read_interval(option) for option in item.options]
    for index, interval in enumerate(intervals):
        if interval is not None and estimate in interval:
            return _choose(item, index, f"about {estimate:.0f}")
    values = [middle(option) or 0.0 for option in item.options]
    if "threshold" in item.form:
        below = [i for i, value in enumerate(values) if value <= estimate]
        index = max(below, key=lambda i: values[i]) if below else values.index(min(values))
    else:
        index = min(range(len(values)), key=lambda i: abs(values[i] - estimate))
    return _choose(item, index, f"about {estimate:.0f}")


def middle(option: str) -> float | None:
    """The number that an option states, or the middle of its interval."""
    interval = read_interval(option)
    if interval is not None:
        if math.isinf(interval.high):
            return interval.low
        return interval.high if math.isinf(interval.low) else (interval.low + interval.high) / 2.0
    reading = read_number(option)
    return None if reading is None else reading.value


def _option_with(item: BlindItem, *words: str) -> int | None:
    found = [i for i, option in enumerate(item.options) if all(word in option.casefold() for word in words)]
    return found[0] if len(found) == 1 else None


def _choose(item: BlindItem, index: int | None, why: str) -> BlindAnswer:
    return _NOTHING if index is None else BlindAnswer(option=index, said=f"{item.options[index]} ({why})")
