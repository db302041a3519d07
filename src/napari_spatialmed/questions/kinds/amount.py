"""Questions for a quantity: choose its value, its interval, the highest threshold it exceeds, or write the number."""

from __future__ import annotations

import itertools
import random
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.form import (
    Candidate,
    Choices,
    Demands,
    Evaluation,
    Form,
    OptionKind,
    Others,
    UndecidableError,
)
from napari_spatialmed.questions.model import AnswerKey, Task
from napari_spatialmed.questions.numbers import (
    decimals_for,
    read_interval,
    read_number,
    write_interval,
    write_number,
)
from napari_spatialmed.questions.options import room_for, spread_edges, spread_numbers
from napari_spatialmed.questions.quantities import Quantity
from napari_spatialmed.questions.usual import Usual

LARGEST_OPEN_DOUBT = 0.25
"""An open number is asked only if its uncertainty, and what writing it rounds off, is within a quarter of it; ours."""


@dataclass(frozen=True, kw_only=True)
class AmountForm(Form):
    """What all questions for a quantity share."""

    quantity: Quantity

    @property
    def rules(self) -> tuple[str, ...]:
        extra = {"U2"} if self.quantity.whole else set()
        return tuple(sorted({*super().rules, *extra, *({"U4"} if self.quantity.hosted else set())}))

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        return self.quantity.candidates(geometry)

    def demands(self, key: AnswerKey) -> Demands:
        return self.quantity.demands(key.structures)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        value, doubt, measurements = self.quantity.read(geometry, key.structures, key.params)
        return Evaluation(
            value, self.quantity.unit, doubt, tuple(m.to_dict() for m in measurements), {"value": value}
        )

    def states(self, key: AnswerKey, option: str) -> float | None:
        reading = read_number(option)
        return None if reading is None else reading.value

    def too_alike(self, found: Evaluation, usual: Sequence[Usual]) -> str | None:
        return usual[0].too_alike(found.unit, found.uncertainty)

    def number_asked(self, key: AnswerKey) -> Hashable:
        chosen = tuple(str(key.params.get(name)) for name in self.choices)
        return id(self.quantity), *key.structures, *chosen

    def number_told(self, truth: JsonValue) -> float | None:
        return float(truth) if isinstance(truth, int | float) else None


def amount_form(
    kind: type[AmountForm],
    *,
    id: str,
    task: Task,
    quantity: Quantity,
    title: str,
    description: str,
    phrasings: tuple[str, ...],
) -> AmountForm:
    """A form of this kind for a quantity; takes, unit and choices come from the quantity."""
    return kind(
        id=id,
        task=task,
        title=title,
        description=description,
        phrasings=phrasings,
        quantity=quantity,
        takes=quantity.takes,
        unit=quantity.unit,
        choices=quantity.choices,
        lesions=quantity.lesions,
        compared_with=quantity.compared_with,
    )


@dataclass(frozen=True, kw_only=True)
class ValueForm(AmountForm):
    """Choose the value among four numbers."""

    option_kind: ClassVar[OptionKind] = "number"
    own_rules: ClassVar[tuple[str, ...]] = ("O1", "O7")

    def offer(self, key: AnswerKey, found: Evaluation, rng: random.Random) -> Choices:
        asked = self.quantity
        unit = asked.unit
        values, right, decimals = spread_numbers(
            found.values["value"],
            unit,
            found.uncertainty,
            rng,
            lowest=asked.least or None,
            highest=asked.highest,
        )
        return Choices(tuple(write_number(v, unit, decimals) for v in values), right)

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        values = values_of(options)
        return tuple(
            usual[0].density(v) * room_for(v, max(values), found.unit, found.uncertainty) for v in values
        )

    def option_for(self, value: float, options: Sequence[str]) -> int | None:
        values = values_of(options)
        return min(range(len(values)), key=lambda place: abs(values[place] - value), default=None)

    def right(
        self, key: AnswerKey, truth: JsonValue, options: Sequence[str], tolerance: float
    ) -> tuple[int, ...]:
        if not isinstance(truth, int | float):
            return ()
        return numbers_that_state(truth, options, tolerance)


@dataclass(frozen=True, kw_only=True)
class IntervalForm(AmountForm):
    """Choose the interval that holds the value among four adjoining ones."""

    option_kind: ClassVar[OptionKind] = "interval"
    own_rules: ClassVar[tuple[str, ...]] = ("O2", "O7")

    def offer(self, key: AnswerKey, found: Evaluation, rng: random.Random) -> Choices:
        unit = self.quantity.unit
        edges, right, decimals = spread_edges(
            found.values["value"], unit, found.uncertainty, rng, highest=self.quantity.highest
        )
        texts = [write_interval(low, high, unit, decimals) for low, high in itertools.pairwise(edges)]
        return Choices(tuple(texts), right)

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        ends = [interval.low for interval in map(read_interval, options) if interval is not None]
        return shares_of_ranges(ends, usual[0], found.unit, found.uncertainty)

    def option_for(self, value: float, options: Sequence[str]) -> int | None:
        intervals = [read_interval(option) for option in options]
        return next((i for i, held in enumerate(intervals) if held is not None and value in held), None)

    def right(
        self, key: AnswerKey, truth: JsonValue, options: Sequence[str], tolerance: float
    ) -> tuple[int, ...]:
        if not isinstance(truth, int | float):
            return ()
        intervals = [read_interval(option) for option in options]
        return tuple(i for i, interval in enumerate(intervals) if interval is not None and truth in interval)


@dataclass(frozen=True, kw_only=True)
class ThresholdForm(AmountForm):
    """Choose the highest threshold that the value exceeds; the thresholds stand in the key."""

    option_kind: ClassVar[OptionKind] = "number"
    own_rules: ClassVar[tuple[str, ...]] = ("O1", "O7")

    def settle(
        self,
        geometry: CaseGeometry,
        structures: tuple[str, ...],
        params: dict[str, JsonValue],
        rng: random.Random,
        others: Others,
    ) -> dict[str, JsonValue]:
        settled = super().settle(geometry, structures, params, rng, others)
        value, doubt, _ = self.quantity.read(geometry, structures, settled)
        edges, _, _ = spread_edges(value, self.quantity.unit, doubt, rng, highest=self.quantity.highest)
        return settled | {"thresholds": list[JsonValue](edges[:-1])}

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        found = super().evaluate(key, geometry, others)
        value = found.values["value"]
        passed = [t for t in thresholds_of(key) if value >= t]
        if not passed:
            raise UndecidableError(
                "O2", f"The value is now below every threshold of the question: {value:.4g} {found.unit}."
            )
        return Evaluation(max(passed), found.unit, found.uncertainty, found.evidence, found.values)

    def offer(self, key: AnswerKey, found: Evaluation, rng: random.Random) -> Choices:
        thresholds = thresholds_of(key)
        decimals = 0 if all(t == int(t) for t in thresholds) else 2 if self.quantity.unit == "ratio" else 1
        texts = tuple(write_number(t, self.quantity.unit, decimals) for t in thresholds)
        return Choices(texts, thresholds.index(float(str(found.truth))))

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        # They were the lower ends of ranges of one width: the last one, too, holds the truth only so far.
        return shares_of_ranges(values_of(options), usual[0], found.unit, found.uncertainty)

    def number_told(self, truth: JsonValue) -> float | None:
        return None  # what is kept is the threshold passed

    def option_for(self, value: float, options: Sequence[str]) -> int | None:
        values = values_of(options)
        passed = [place for place, threshold in enumerate(values) if threshold <= value]
        return max(passed, key=values.__getitem__, default=None)

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        value, doubt = found.values["value"], found.uncertainty or 0.0
        near = min(thresholds_of(key), key=lambda t: abs(value - t))
        if abs(value - near) < doubt:
            return (
                f"The value is within its uncertainty ({doubt:.2g} {found.unit}) of the threshold {near:g}."
            )
        return None

    def right(
        self, key: AnswerKey, truth: JsonValue, options: Sequence[str], tolerance: float
    ) -> tuple[int, ...]:
        if not isinstance(truth, int | float):
            return ()
        return numbers_that_state(truth, options, 0.0)


@dataclass(frozen=True, kw_only=True)
class OpenForm(AmountForm):
    """Write the number."""

    own_rules: ClassVar[tuple[str, ...]] = ("O7",)

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        value = abs(found.values["value"])
        rounding = 0.5 * 10.0 ** -decimals_for(found.unit, found.uncertainty)
        doubt = max(found.uncertainty or 0.0, 0.0 if value.is_integer() else rounding)
        if value == 0 or doubt > LARGEST_OPEN_DOUBT * value:
            return f"{value:.3g} ± {doubt:.2g} {found.unit} is too uncertain to be asked as a number."
        return None


def thresholds_of(key: AnswerKey) -> list[float]:
    """The thresholds kept in a key, rising."""
    kept: Mapping[str, JsonValue] = key.params
    found = kept.get("thresholds")
    return sorted(float(t) for t in found if isinstance(t, int | float)) if isinstance(found, list) else []


def shares_of_ranges(
    ends: Sequence[float], usual: Usual, unit: str, uncertainty: float | None
) -> tuple[float, ...]:
    """How likely each of adjoining ranges that begin at `ends` is: by its share of patients, and how often it is drawn."""
    width = ends[1] - ends[0]
    largest = ends[-1] + width
    return tuple(
        usual.share(end, end + width) * room_for(end + width / 2.0, largest, unit, uncertainty)
        for end in ends
    )


def values_of(options: Sequence[str]) -> list[float]:
    """The numbers that options state, in their order; empty if one of them states none."""
    readings = [reading for reading in map(read_number, options) if reading is not None]
    return [reading.value for reading in readings] if len(readings) == len(options) else []


def numbers_that_state(truth: float, options: Sequence[str], tolerance: float) -> tuple[int, ...]:
    """The options whose number is the truth within their own rounding (or the tolerance, if that is wider).

    Of several within the tolerance, the nearest counts.
    """
    off: list[tuple[float, int]] = []
    for place, option in enumerate(options):
        reading = read_number(option)
        if reading is not None and abs(reading.value - truth) <= max(tolerance, reading.rounding):
            off.append((abs(reading.value - truth), place))
    if not off:
        return ()
    best = min(off)[0]
    return tuple(place for distance, place in off if distance <= best + 1e-9)
