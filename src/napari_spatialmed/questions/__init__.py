"""What a spatial question is: tasks, forms, answer keys, options and the rules that every question is checked against.

Forms turn a case's measurements into questions; the calculators compute every answer; the rules say why a question may
not stand.  The results go to the benchmark's journal.
"""

from napari_spatialmed.questions.answering import (
    BadKeyError,
    Recomputed,
    UnknownFormError,
    asked_axes,
    check_key,
    evaluate,
    form_of,
    recompute,
    what_depends_on,
)
from napari_spatialmed.questions.audit import Audit, audit
from napari_spatialmed.questions.build import build_question, draft
from napari_spatialmed.questions.catalogue import forms_catalogue, proposal_schema
from napari_spatialmed.questions.form import Candidate, Evaluation, Form, Others, UndecidableError
from napari_spatialmed.questions.forms import FORMS
from napari_spatialmed.questions.model import (
    FURTHER_TASKS,
    LETTERS,
    PAPER_TASKS,
    TASKS,
    AnswerKey,
    Question,
    Task,
    Verdict,
)
from napari_spatialmed.questions.renaming import Renaming, after_renaming
from napari_spatialmed.questions.rules import RULES, Rule, check_question, check_text, check_truth, failed

__all__ = [
    "FORMS",
    "FURTHER_TASKS",
    "LETTERS",
    "PAPER_TASKS",
    "RULES",
    "TASKS",
    "AnswerKey",
    "Audit",
    "BadKeyError",
    "Candidate",
    "Evaluation",
    "Form",
    "Others",
    "Question",
    "Recomputed",
    "Renaming",
    "Rule",
    "Task",
    "UndecidableError",
    "UnknownFormError",
    "Verdict",
    "after_renaming",
    "asked_axes",
    "audit",
    "build_question",
    "check_key",
    "check_question",
    "check_text",
    "check_truth",
    "draft",
    "evaluate",
    "failed",
    "form_of",
    "forms_catalogue",
    "proposal_schema",
    "recompute",
    "what_depends_on",
]
