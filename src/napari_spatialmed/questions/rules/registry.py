"""The rules by id: each is one checkable unit with its reason in a curator's words.

A rule may look at a question's text alone (as the curator types), at its truth on the scan, or at a whole corpus; those
that need a panel of readers or pictures are named here and checked by the floors that have them, through
:meth:`Rule.verdict`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from pydantic import JsonValue

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.answering import form_of
from napari_spatialmed.questions.form import Evaluation, Form, Others, UndecidableError
from napari_spatialmed.questions.model import Question, Verdict

Scope = Literal["text", "truth", "corpus", "panel", "view", "people", "scoring"]
"""What a rule needs to see."""

MEMBER = "rules"
"""Who gives these verdicts, in :class:`Verdict`."""


@dataclass(frozen=True, slots=True)
class OnScan:
    """A question beside its scan, evaluated once for all rules.

    `found` is None where the key can't be evaluated; `broken` then says by which rule and why.
    """

    question: Question
    form: Form
    geometry: CaseGeometry
    others: Others
    found: Evaluation | None
    broken: tuple[str, str] | None = None


TextCheck = Callable[[Question, Form], str | None]
TruthCheck = Callable[[OnScan], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of what makes a spatial question good.

    Attributes
    ----------
    id, title
        ``U1`` and a few words.
    reason
        Why it exists, for a curator.
    scope
        What it needs to see.
    text, truth
        Its checks: why the rule is broken, or None.
    """

    id: str
    title: str
    reason: str
    scope: tuple[Scope, ...]
    text: TextCheck | None = field(default=None, compare=False)
    truth: TruthCheck | None = field(default=None, compare=False)

    def verdict(
        self,
        passed: bool | None,
        reason: str = "",
        *,
        member: str = MEMBER,
        detail: Mapping[str, JsonValue] | None = None,
    ) -> Verdict:
        """This rule's verdict, by whoever checked it; the title stands in where no reason is given."""
        return Verdict(
            member=member, rule=self.id, passed=passed, reason=reason or self.title, detail=dict(detail or {})
        )

    def check(
        self, question: Question, geometry: CaseGeometry | None = None, *, others: Others | None = None
    ) -> list[Verdict]:
        """This rule on one question: its text and, given the scan, its truth.  Empty if it has nothing to check here."""
        form = form_of(question.key.form)
        found: list[str | None] = []
        if self.text is not None:
            found.append(self.text(question, form))
        if self.truth is not None and geometry is not None:
            found.append(self.truth(on_scan(question, geometry, others)))
        if not found:
            return []
        broken = [why for why in found if why]
        return [self.verdict(not broken, " ".join(broken))]


_rules: dict[str, Rule] = {}
RULES: Mapping[str, Rule] = MappingProxyType(_rules)


def declare(
    id: str,
    title: str,
    reason: str,
    scope: tuple[Scope, ...],
    *,
    text: TextCheck | None = None,
    truth: TruthCheck | None = None,
) -> None:
    """Enter a rule into `RULES`."""
    if id in _rules:
        raise ValueError(f"rule {id} is declared twice")
    _rules[id] = Rule(id, title, reason, scope, text, truth)


def on_scan(question: Question, geometry: CaseGeometry, others: Others | None = None) -> OnScan:
    """Evaluate a question's key once, for all rules that look at its truth."""
    form = form_of(question.key.form)
    try:
        found = form.evaluate(question.key, geometry, others or {})
    except UndecidableError as error:
        return OnScan(question, form, geometry, others or {}, None, (error.rule, error.reason))
    except SpatialMedError as error:
        return OnScan(question, form, geometry, others or {}, None, ("G2", str(error)))
    return OnScan(question, form, geometry, others or {}, found)
