"""In which quarter of the scan a structure's centre lies along one of the patient's axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions.askable import DIRECTION_MARGIN_MM, askable, passes, tells_direction
from napari_spatialmed.questions.field import field_ends
from napari_spatialmed.questions.form import (
    Candidate,
    Demands,
    Evaluation,
    Others,
    Relation,
    Takes,
    UndecidableError,
)
from napari_spatialmed.questions.kinds.choice import WordForm
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.naming import AXES, same_words
from napari_spatialmed.questions.usual import Usual

_ORDINALS = ("first", "second", "third", "fourth")


@dataclass(frozen=True, kw_only=True)
class QuarterOfScan(WordForm):
    """The centre keeps rule U1's 5 mm from the quarters' borders."""

    own_rules: ClassVar[tuple[str, ...]] = ("U2",)

    def candidates(self, geometry: CaseGeometry) -> Iterator[Candidate]:
        axes = [axis for axis in AXES if passes(field_ends, geometry, axis)]
        for name in askable(geometry, whole=True, one_piece=True):
            for axis in axes:
                if not tells_direction(geometry, (name,), axis):
                    yield Candidate((name,), {"axis": axis})

    def demands(self, key: AnswerKey) -> Demands:
        return Demands(whole=key.structures, one_piece=key.structures)

    def hinting_axes(self, key: AnswerKey) -> tuple[str, ...]:
        return self.axes(key)

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        axis = str(key.params["axis"])
        found = measure(geometry, "centroid_ras_mm", *key.structures)
        if not isinstance(found.value, list):
            raise UndecidableError("U6", f"The centre of {key.structures[0]} could not be measured.")
        start, end = field_ends(geometry, axis)
        along = float(found.value[list(AXES).index(axis)]) - start
        quarter = (end - start) / 4.0
        place = min(max(int(along // quarter), 0), 3)
        border = min(abs(along - k * quarter) for k in (1, 2, 3))
        return Evaluation(
            _ORDINALS[place],
            "",
            found.uncertainty,
            (found.to_dict(),),
            {"border_mm": border, "along_mm": along},
        )

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        if found.values["border_mm"] < max(DIRECTION_MARGIN_MM, found.uncertainty or 0.0):
            return f"The centre lies only {found.values['border_mm']:.1f} mm from the border of two quarters."
        return None

    def how_usual(
        self, key: AnswerKey, found: Evaluation, options: Sequence[str], usual: Sequence[Usual]
    ) -> tuple[float, ...]:
        return tuple(usual[0].share(place / 4.0, (place + 1) / 4.0) for place in range(4))

    def words(self, key: AnswerKey) -> dict[str, str]:
        far, near = AXES[str(key.params["axis"])]
        texts = (
            f"outer quarter on the {near} side",
            f"inner quarter on the {near} side",
            f"inner quarter on the {far} side",
            f"outer quarter on the {far} side",
        )
        return dict(zip(_ORDINALS, texts, strict=True))

    def states(self, key: AnswerKey, option: str) -> str | None:
        found = super().states(key, option)
        if found is not None:
            return found
        # Earlier files say "most left quarter", "second most left quarter", …
        far, near = AXES[str(key.params["axis"])]
        earlier = (f"most {near}", f"second most {near}", f"second most {far}", f"most {far}")
        said = same_words(option)
        return next(
            (t for t, e in zip(_ORDINALS, earlier, strict=True) if same_words(f"{e} quarter") == said), None
        )

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        return (Relation(f"quarter({key.params['axis']})", key.structures, str(truth)),)


FORM = QuarterOfScan(
    id="dir.quarter",
    task="DIR",
    title="Quarter of the scan",
    description="In which quarter of the scanned field a structure's centre lies along a patient axis.",
    phrasings=(
        "Divide the scan into four equal parts along the {axis} axis: in which does the centre of {a} lie?",
        "In which quarter of the scan, taken along the {axis} axis, is the centre of {a}?",
        "Cut the scan into quarters along the {axis} axis: which of them holds the centre of {a}?",
    ),
    takes=Takes(1, 1, ("structure",)),
    choices={"axis": ("RL", "AP", "SI")},
)
