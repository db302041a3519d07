"""The rules that every question is checked against.

`check_text` needs no scan and is quick enough to run while a curator types; `check_truth` evaluates the answer key on
the scan; `check_question` does both.  A broken rule is a verdict with its id and reason, for the journal: nothing is
dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.answering import BadKeyError, UnknownFormError, check_key
from napari_spatialmed.questions.form import Form, Others
from napari_spatialmed.questions.model import Question, Verdict
from napari_spatialmed.questions.rules import answers as _answers  # noqa: F401
from napari_spatialmed.questions.rules import choices as _choices  # noqa: F401
from napari_spatialmed.questions.rules import decidability as _decidability  # noqa: F401
from napari_spatialmed.questions.rules import elsewhere as _elsewhere  # noqa: F401
from napari_spatialmed.questions.rules.registry import RULES, OnScan, Rule, on_scan

__all__ = ["RULES", "OnScan", "Rule", "check_question", "check_text", "check_truth", "failed", "on_scan"]


def check_text(question: Question) -> list[Verdict]:
    """The rules that need no scan: one verdict for each that applies, in the rules' order."""
    return _checked(question, lambda rule, form: [] if rule.text is None else [rule.text(question, form)])


def check_truth(question: Question, geometry: CaseGeometry, *, others: Others | None = None) -> list[Verdict]:
    """The rules that need the scan: one verdict for each that applies."""
    seen: list[OnScan] = []

    def check(rule: Rule, form: Form) -> list[str | None]:
        if rule.truth is None:
            return []
        if not seen:
            seen.append(on_scan(question, geometry, others))
        return [rule.truth(seen[0])]

    return _checked(question, check)


def check_question(
    question: Question, geometry: CaseGeometry, *, others: Others | None = None
) -> list[Verdict]:
    """All rules for single questions; a rule that looks at text and truth gives one verdict."""
    found = {verdict.rule: verdict for verdict in check_text(question)}
    for verdict in check_truth(question, geometry, others=others):
        before = found.get(verdict.rule)
        if before is None or (before.passed and not verdict.passed):
            found[verdict.rule] = verdict
        elif not before.passed and not verdict.passed and before.reason != verdict.reason:
            both = f"{before.reason} {verdict.reason}"
            found[verdict.rule] = before.model_copy(update={"reason": both})
    order = list(RULES)
    return sorted(found.values(), key=lambda verdict: order.index(verdict.rule))


def failed(verdicts: list[Verdict]) -> list[Verdict]:
    """Those that didn't pass."""
    return [verdict for verdict in verdicts if not verdict.passed]


def _checked(question: Question, check: Callable[[Rule, Form], list[str | None]]) -> list[Verdict]:
    try:
        form = check_key(question.key)
    except BadKeyError as error:
        return [RULES["G2"].verdict(False, f"The answer can't be recomputed: {error}.")]
    except UnknownFormError:
        why = (
            f"There is no executable answer key (form {question.key.form!r}): the answer can't be recomputed."
        )
        return [RULES["G2"].verdict(False, why)]
    verdicts = []
    for rule in RULES.values():
        if rule.id not in form.rules:
            continue
        try:
            verdicts += [rule.verdict(why is None, why or "") for why in check(rule, form)]
        except SpatialMedError as error:
            # The scan lacks what the rule looks at: not judged, which is not passed (rule P4).
            verdicts.append(rule.verdict(None, f"Can't be judged on this scan: {error}"))
    return verdicts
