"""From where to where a structure reaches along one of the patient's axes, measured from the scan's edge."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable, passes
from napari_spatialmed.questions.field import field_ends
from napari_spatialmed.questions.form import (
    Candidate,
    Choices,
    Demands,
    Evaluation,
    OptionKind,
    Others,
    Takes,
    UndecidableError,
)
from napari_spatialmed.questions.kinds.several import SeveralNumbersForm
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.naming import AXES
from napari_spatialmed.questions.numbers import read_interval
from napari_spatialmed.questions.options import room_for, spread_numbers
from napari_spatialmed.questions.usual import Usual

_LEAST_SHIFT = 0.15
"""Wrong ranges are shifted by at least this share of the structure's own length; ours."""


@dataclass(frozen=True, kw_only=True)
class AxisRange(SeveralNumbersForm):
    """All options are equally long: only where they lie differs."""

    option_kind: ClassVar[OptionKind] = "span"
    own_rules: ClassVar[tuple[str, ...]] = ("O1", "O7", "U2")

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        axes = [axis for axis in AXES if passes(field_ends, geometry, axis)]
        for name in askable(geometry, whole=True, one_piece=True) if axes else ():
            for axis in axes:
                yield Candidate((name,), {"axis": axis})

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures, one_piece=key.structures)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        axis = str(key.params["axis"])
        found = measure(geometry, "box_mm", *key.structures)
        box = found.value
        if not isinstance(box, dict):
            raise UndecidableError("U6", f"The box of {key.structures[0]} could not be measured.")
        place = list(AXES).index(axis)
        start, end = field_ends(geometry, axis)
        low, high = float(box["min"][place]) - start, float(box["max"][place]) - start
        sizes = {"from": low, "to": high}
        return Evaluation(
            dict(sizes), "mm", found.uncertainty, (found.to_dict(),), {**sizes, "field": end - start}
        )

    def offer(self, key: AnswerKey, found: Evaluation, rng: random.Random) -> Choices:
        low, high = found.values["from"], found.values["to"]
        length = high - low
        starts, right, decimals = spread_numbers(
            low,
            "mm",
            found.uncertainty,
            rng,
            lowest=0.0,
            highest=found.values["field"] - length,
            least_gap=_LEAST_SHIFT * length,
        )
        length = round(high, decimals) - round(low, decimals)
        return Choices(tuple(f"{s:.{decimals}f} to {s + length:.{decimals}f} mm" for s in starts), right)

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        starts = [ends["from"][0] for ends in map(self.read, options) if ends is not None]
        shift = _LEAST_SHIFT * (found.values["to"] - found.values["from"])
        return tuple(
            usual[0].density(start) * room_for(start, max(starts), "mm", found.uncertainty, least_gap=shift)
            for start in starts
        )

    def read(self, option: str) -> Mapping[str, tuple[float, float]] | None:
        found = read_interval(option)
        if found is None:
            return None
        rounding = 0.5 * 10.0**-found.decimals + 1e-9
        return {"from": (found.low, rounding), "to": (found.high, rounding)}

    def fields(self, key: AnswerKey) -> dict[str, str]:
        return super().fields(key) | {"start": AXES[str(key.params["axis"])][1]}


FORM = AxisRange(
    id="dir.range",
    task="DIR",
    title="Range along an axis",
    description="Choose from where to where a structure reaches along a patient axis, measured from the scan's edge.",
    phrasings=(
        "Measured along the {axis} axis from the scan's {start} edge, which range does {a} span?",
        "Along the {axis} axis, how far from the {start} edge of the scan does {a} begin and end?",
        "At which distances from the scan's {start} edge, along the {axis} axis, does {a} begin and end?",
    ),
    takes=Takes(1, 1, ("structure",)),
    unit="mm",
    choices={"axis": ("RL", "AP", "SI")},
)
