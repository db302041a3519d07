"""Questions whose options are structures or plain words: which one lies, is or has the most of something."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.form import (
    Choices,
    Evaluation,
    Form,
    OptionKind,
    Others,
    Relation,
    UndecidableError,
    structure_named,
    title_of,
)
from napari_spatialmed.questions.model import AnswerKey
from napari_spatialmed.questions.naming import same_words


@dataclass(frozen=True, kw_only=True)
class WordForm(Form):
    """Choose one of a few fixed words or phrases; `words` says them for a key, truth first or last alike."""

    option_kind: ClassVar[OptionKind] = "word"

    @abstractmethod
    def words(self, key: AnswerKey) -> dict[str, str]:
        """Truth → its option's text, for every possible truth."""

    def offer(self, key: AnswerKey, found: Evaluation, rng: random.Random) -> Choices:
        words = self.words(key)
        return Choices(tuple(words.values()), list(words).index(str(found.truth)))

    def states(self, key: AnswerKey, option: str) -> str | None:
        said = same_words(option)
        return next((truth for truth, text in self.words(key).items() if same_words(text) == said), None)


@dataclass(frozen=True, kw_only=True)
class WhichForm(Form):
    """Choose one of the structures by a number that each of them has.

    The winner has the largest (or smallest) number; `scores` gives them with their uncertainties.
    """

    option_kind: ClassVar[OptionKind] = "structure"

    @abstractmethod
    def scores(
        self, key: AnswerKey, geometry: CaseGeometry
    ) -> tuple[dict[str, tuple[float, float]], tuple[dict[str, JsonValue], ...]]:
        """Structure → (number, uncertainty) for every option, and the evidence."""

    def least_wins(self, key: AnswerKey) -> bool:
        """Whether the smallest number wins."""
        return False

    def asked(self, key: AnswerKey) -> tuple[str, ...]:
        """The structures that are options: all but a reference."""
        return key.structures[1:] if self.takes.roles[0] == "reference" else key.structures

    def evaluate(self, key: AnswerKey, geometry: CaseGeometry, others: Others) -> Evaluation:
        scores, evidence = self.scores(key, geometry)
        pick = min if self.least_wins(key) else max
        winner = pick(scores, key=lambda name: scores[name][0])
        values = {name: value for name, (value, _) in scores.items()}
        return Evaluation(winner, self.unit, max(doubt for _, doubt in scores.values()), evidence, values)

    def offer(self, key: AnswerKey, found: Evaluation, rng: random.Random) -> Choices:
        asked = self.asked(key)
        return Choices(tuple(title_of(key, name) for name in asked), asked.index(str(found.truth)))

    def states(self, key: AnswerKey, option: str) -> str | None:
        return structure_named(key, option, self.asked(key))

    def fragile(self, key: AnswerKey, found: Evaluation) -> str | None:
        sign = 1.0 if self.least_wins(key) else -1.0
        first, second = sorted(found.values, key=lambda name: sign * found.values[name])[:2]
        lead = abs(found.values[first] - found.values[second])
        if lead <= 2.0 * (found.uncertainty or 0.0):
            return (
                f"The {title_of(key, first)} leads the {title_of(key, second)} by only {lead:.3g} {self.unit}, within "
                "the measurement's uncertainty."
            )
        return None

    def relations(self, key: AnswerKey, truth: JsonValue) -> tuple[Relation, ...]:
        winner = str(truth)
        context = key.structures[:1] if self.takes.roles[0] == "reference" else ()
        chosen = ",".join(str(key.params[name]) for name in sorted(self.choices) if name in key.params)
        return tuple(
            Relation(f"{self.id}({chosen})", (*context, *sorted((winner, loser))), winner)
            for loser in self.asked(key)
            if loser != winner
        )


def drawn(structures: Sequence[str], count: int, rng: random.Random, *, keep: str) -> tuple[str, ...]:
    """`count` of the structures, one of them `keep`, in a random order.

    Raises
    ------
    UndecidableError
        If there are too few.
    """
    rest = [name for name in structures if name != keep]
    if len(rest) < count - 1:
        raise UndecidableError("O6", f"Only {len(rest) + 1} structures qualify; {count} are needed.")
    chosen = [keep, *rng.sample(rest, count - 1)]
    rng.shuffle(chosen)
    return tuple(chosen)


def either_way(pair: tuple[str, str], salt: str) -> tuple[str, str]:
    """The pair in a steady random order: in the labels' own order one answer would be commoner than its opposite."""
    return pair if random.Random(f"{salt}|{pair}").random() < 0.5 else (pair[1], pair[0])
