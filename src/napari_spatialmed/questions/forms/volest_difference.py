"""By how much a structure's volume differs between two scans, as a number to be written."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import askable, check_size, check_whole
from napari_spatialmed.questions.form import (
    Candidate,
    Demands,
    Evaluation,
    Form,
    Others,
    Takes,
    UndecidableError,
    number_of,
)
from napari_spatialmed.questions.model import AnswerKey

_LARGEST_DOUBT = 0.25
LEAST_SHARE = 0.05
"""A difference under this share of the larger volume is within what two segmentations of one scan differ; ours."""


@dataclass(frozen=True, kw_only=True)
class VolumeDifference(Form):
    """The key names the second case; whoever evaluates it must have that case at hand (``others``)."""

    own_rules: ClassVar[tuple[str, ...]] = ("O7", "U2")
    free_params: ClassVar[tuple[str, ...]] = ("other_case",)
    second_scan: ClassVar[bool] = True

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        return iter(())  # a case alone has nothing to be compared with

    def across(self, geometry: CaseGeometry, others: Others) -> Iterator[Candidate]:
        for case_id, other in sorted(others.items()):
            there = set(askable(other, whole=True))
            for name in askable(geometry, whole=True):
                if name in there and _share(*(_volume(g, name) for g in (geometry, other))) >= LEAST_SHARE:
                    yield Candidate((name,), {"other_case": case_id})

    def settle(
        self,
        geometry: CaseGeometry,
        structures: tuple[str, ...],
        params: dict[str, JsonValue],
        rng: random.Random,
        others: Others,
    ) -> dict[str, JsonValue]:
        if "other_case" in params:
            return params
        if not others:
            raise UndecidableError("G2", "A difference between two scans needs the second one.")
        return params | {"other_case": rng.choice(sorted(others))}

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        case_id = str(key.params.get("other_case"))
        if case_id not in others:
            raise UndecidableError("G2", f"The second scan, {case_id}, is not at hand.")
        other = others[case_id]
        (name,) = key.structures
        check_whole(other, name)
        check_size(other, name)
        here, there = measure(geometry, "volume_ml", name), measure(other, "volume_ml", name)
        difference = abs(number_of(here) - number_of(there))
        doubt = (here.uncertainty or 0.0) + (there.uncertainty or 0.0)
        second = there.to_dict() | {"case": case_id, "label_sha256": other.case.label_sha256()}
        values = {"value": difference, "share": _share(number_of(here), number_of(there))}
        return Evaluation(difference, "mL", doubt, (here.to_dict(), second), values)

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        if found.values["share"] < LEAST_SHARE:
            return f"The volumes differ by {found.values['share']:.1%} only: less than two segmentations of one scan may."
        if (found.uncertainty or 0.0) > _LARGEST_DOUBT * found.values["value"]:
            return (
                f"The volumes differ by {found.values['value']:.2g} mL, too little beside their uncertainty."
            )
        return None


def _volume(geometry: CaseGeometry, name: str) -> float:
    return number_of(measure(geometry, "volume_ml", name))


def _share(a: float, b: float) -> float:
    """The difference of two volumes as a share of the larger."""
    return abs(a - b) / max(a, b, 1e-9)


FORM = VolumeDifference(
    id="volest.difference",
    task="VOLEST",
    title="Difference between two scans, open",
    description="Write by how many mL a structure's volume differs between two scans.",
    phrasings=(
        "By how many mL does the volume of {a} differ between the first and the second scan?",
        "Compare the two scans: what is the difference in the volume of {a}, in mL?",
        "How much volume, in mL, separates {a} of the first scan from that of the second?",
    ),
    takes=Takes(1, 1, ("structure",)),
    unit="mL",
    lesions="total",
)
