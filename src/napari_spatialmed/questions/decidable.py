"""Whether a form's demands hold on a case: the U rules, run while building and again on a finished question."""

from __future__ import annotations

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.askable import (
    check_direction,
    check_host,
    check_one_piece,
    check_size,
    check_whole,
)
from napari_spatialmed.questions.form import Form
from napari_spatialmed.questions.model import AnswerKey


def check_decidable(form: Form, key: AnswerKey, geometry: CaseGeometry, *, directions: bool = True) -> None:
    """Raise UndecidableError for the first demand that doesn't hold.

    `directions` False leaves out rule U1, for a key whose axis isn't settled yet.
    """
    for name in key.structures:
        check_size(geometry, name)
    demands = form.demands(key)
    for name in demands.whole:
        check_whole(geometry, name)
    for name in demands.one_piece:
        check_one_piece(geometry, name)
    for name in demands.hosted:
        check_host(geometry, name)
    if directions:
        for first, second, axis in demands.directions:
            check_direction(geometry, first, second, axis)
