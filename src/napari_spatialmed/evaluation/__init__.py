"""Asking models and judging them: views, prompts, parsing, scores, runs, report.

A question and a case go in; what comes out is a recorded response with one outcome, and a report over many of them.
"""

from napari_spatialmed.evaluation.drawing import Picture
from napari_spatialmed.evaluation.parsing import Parsed, parse_letter, read_letter
from napari_spatialmed.evaluation.quantities import parse_number, read_number
from napari_spatialmed.evaluation.scoring import (
    OUTCOMES,
    Outcome,
    Score,
    mean_relative_accuracy,
    score_answer,
)
from napari_spatialmed.evaluation.views import LAYOUTS, Layout, View, render_view

__all__ = [
    "LAYOUTS",
    "OUTCOMES",
    "Layout",
    "Outcome",
    "Parsed",
    "Picture",
    "Score",
    "View",
    "mean_relative_accuracy",
    "parse_letter",
    "parse_number",
    "read_letter",
    "read_number",
    "render_view",
    "score_answer",
]
