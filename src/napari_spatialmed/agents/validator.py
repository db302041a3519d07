"""The clinical rule validator: the rules, plausibility, relevance, and whether the scan is needed at all.

All of it is code; a model's judgement (`judge.py`) may follow.  Whatever it couldn't check counts as not validated.
"""

from __future__ import annotations

from typing import Protocol

from napari_spatialmed.agents.ranges import check_measurement
from napari_spatialmed.agents.relevance import LEAST, weight_for
from napari_spatialmed.case import Case, Structure
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Others, Question, Verdict, check_question

PLAUSIBILITY = "validator: plausible range"
RELEVANCE = "validator: clinical relevance"
NEEDS_SCAN = "validator: needs the scan"


class Validator(Protocol):
    """Says what holds against a question."""

    name: str

    async def judge(self, question: Question, geometry: CaseGeometry) -> list[Verdict]:
        """Verdicts; a question passes if all of them do."""
        ...


class ClinicalRules:
    """The part in code, for every question.

    Parameters
    ----------
    others
        Other scans of the same patient, for questions that compare two.
    """

    name = "clinical rule validator"

    def __init__(self, others: Others | None = None) -> None:
        self._others = others

    async def judge(self, question: Question, geometry: CaseGeometry) -> list[Verdict]:
        """Rules G, U and O by id, then plausible range, relevance and need of the scan."""
        verdicts = check_question(question, geometry, others=self._others)
        if all(verdict.passed for verdict in verdicts):
            verdicts += [
                plausible_range(question, geometry.case),
                clinical_relevance(question, geometry.case),
                needs_scan(question, geometry.case),
            ]
        return verdicts


def plausible_range(question: Question, case: Case) -> Verdict:
    """Whether the measurements behind the answer could be those of a person.

    Outside a published interval passes and says so (patients are not the reference); beyond our own wide limits fails.
    """
    findings = [
        finding
        for measurement in question.evidence
        for finding in check_measurement(measurement, _named(case, measurement.get("structures", ())))
    ]
    bad = [finding.reason for finding in findings if not finding.passed]
    if bad:
        return Verdict(member=PLAUSIBILITY, passed=False, reason=" ".join(bad))
    said = " ".join(dict.fromkeys(finding.reason for finding in findings))
    return Verdict(
        member=PLAUSIBILITY,
        passed=True,
        reason=said or "No published interval applies; within our own wide limits.",
    )


def clinical_relevance(question: Question, case: Case) -> Verdict:
    """Whether a clinician would want to know it."""
    structures = _named(case, question.key.structures)
    weight = weight_for(question.key.form, structures)
    titles = " and ".join(s.title for s in structures)
    if weight < LEAST:
        reason = f"Nobody reports this about the {titles} (weight {weight:.2f}, at least {LEAST} is asked)."
        return Verdict(member=RELEVANCE, passed=False, reason=reason, detail={"weight": round(weight, 3)})
    return Verdict(
        member=RELEVANCE,
        passed=True,
        reason=f"Weight {weight:.2f} of 1 for the {titles}.",
        detail={"weight": round(weight, 3)},
    )


def needs_scan(question: Question, case: Case) -> Verdict:
    """Whether the names alone give the answer: sides of the body, numbered levels, a lesion inside its organ."""
    structures = _named(case, question.key.structures)
    axis = question.key.params.get("axis") or question.key.params.get("towards")
    if question.task == "DIR" and len(structures) == 2:
        first, second = structures
        if axis == "RL" and first.side and second.side and first.side != second.side:
            reason = f"The names say it: {first.title} against {second.title}, asked along right–left."
            return Verdict(member=NEEDS_SCAN, passed=False, reason=reason)
        if axis == "SI" and _levels(first) and _levels(second):
            return Verdict(member=NEEDS_SCAN, passed=False, reason="Numbered levels say which lies higher.")
    return Verdict(member=NEEDS_SCAN, passed=True, reason="The names alone don't give the answer.")


def _levels(structure: Structure) -> bool:
    return structure.concept.startswith(("vertebra", "rib", "sacrum"))


def _named(case: Case, names: object) -> list[Structure]:
    return [case[str(name)] for name in names if str(name) in case] if isinstance(names, list | tuple) else []
