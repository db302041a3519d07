"""Asking models and judging them: views, prompts, parsing, scores, runs, report.

A question and a case go in; what comes out is a recorded response with one outcome, and a report over many of them.
"""

from napari_spatialmed.evaluation.asking import ask_circular, ask_freely, ask_question, asked_axis, view_for
from napari_spatialmed.evaluation.drawing import Picture
from napari_spatialmed.evaluation.parsing import Parsed, parse_letter, read_letter
from napari_spatialmed.evaluation.prompts import ARMS, Arm, Prompt, prompt_for, prompt_freely
from napari_spatialmed.evaluation.quantities import parse_number, read_number
from napari_spatialmed.evaluation.response import Response
from napari_spatialmed.evaluation.runplan import Item, Plan, Progress, RunSummary, select_items
from napari_spatialmed.evaluation.runs import evaluate_benchmark
from napari_spatialmed.evaluation.scoring import (
    OUTCOMES,
    Outcome,
    Score,
    mean_relative_accuracy,
    score_answer,
)
from napari_spatialmed.evaluation.views import LAYOUTS, Layout, View, ViewError, render_view

__all__ = [
    "ARMS",
    "LAYOUTS",
    "OUTCOMES",
    "Arm",
    "Item",
    "Layout",
    "Outcome",
    "Parsed",
    "Picture",
    "Plan",
    "Progress",
    "Prompt",
    "Response",
    "RunSummary",
    "Score",
    "View",
    "ViewError",
    "ask_circular",
    "ask_freely",
    "ask_question",
    "asked_axis",
    "evaluate_benchmark",
    "mean_relative_accuracy",
    "parse_letter",
    "parse_number",
    "prompt_for",
    "prompt_freely",
    "read_letter",
    "read_number",
    "render_view",
    "score_answer",
    "select_items",
    "view_for",
]
