"""Questions whose answer is several numbers at once: a box's sizes, a range from one end to the other."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.questions.form import Form, OptionKind
from napari_spatialmed.questions.model import AnswerKey


@dataclass(frozen=True, kw_only=True)
class SeveralNumbersForm(Form):
    """Options that state a few named numbers; two options differ if one of the numbers does (rule O1)."""

    option_kind: ClassVar[OptionKind] = "sizes"
    own_rules: ClassVar[tuple[str, ...]] = ("O1", "O7")

    @abstractmethod
    def read(self, option: str) -> Mapping[str, tuple[float, float]] | None:
        """Name → (number, half a step of its last digit) as an option states them, or None."""

    def states(self, key: AnswerKey, option: str) -> dict[str, float] | None:
        said = self.read(option)
        return None if said is None else {name: value for name, (value, _) in said.items()}

    def right(
        self, key: AnswerKey, truth: JsonValue, options: Sequence[str], tolerance: float
    ) -> tuple[int, ...]:
        if not isinstance(truth, dict):
            return ()
        wanted = {name: float(value) for name, value in truth.items() if isinstance(value, int | float)}
        found = []
        for place, option in enumerate(options):
            said = self.read(option)
            if said is not None and all(
                name in said and abs(said[name][0] - value) <= max(tolerance, said[name][1])
                for name, value in wanted.items()
            ):
                found.append(place)
        return tuple(found)
