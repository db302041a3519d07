"""Pictures for a question that compares two scans: both of them, in the same layout and at the same scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from napari_spatialmed.evaluation.planes import PatientAxis
from napari_spatialmed.evaluation.views import Layout, View, ViewError, render_view
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions.model import Question

OTHER_CASE = "other_case"
"""The answer key's parameter that names the second scan."""
FIRST, SECOND = "first scan", "second scan"


def second_case(question: Question) -> str | None:
    """Id of the second scan that a question is about, or None."""
    named = question.key.params.get(OTHER_CASE)
    return str(named) if named else None


def data_set_of(question: Question | None, case_id: str) -> str:
    """What consent to sending pictures is given for: the scan, or both scans where a question compares two."""
    second = None if question is None else second_case(question)
    return case_id if second is None else f"{case_id} and {second}"


def open_second(question: Question, find_case: Callable[[str], CaseGeometry] | None) -> CaseGeometry | None:
    """The second scan of a question; None if it is about one.

    Raises
    ------
    ViewError
        If it can't be looked for: half of the pictures would be a half blind run (rule V4).
    SpatialMedError
        If it isn't found.
    """
    named = second_case(question)
    if named is None:
        return None
    if find_case is None:
        raise ViewError(
            f"it compares two scans, and the second, {named}, is not at hand",
            where=question.id,
            hint="Open that scan once on this machine, or name its folder.",
        )
    return find_case(named)


def render_two_scans(
    first: CaseGeometry,
    second: CaseGeometry,
    structures: Sequence[str],
    *,
    layout: Layout = "orthogonal",
    axis: PatientAxis | None = None,
    outlines: bool = False,
) -> View:
    """The pictures of both scans, each picture and caption saying which it is of.

    What can be seen is what can be seen in both: `visible` holds the smaller count.

    Raises
    ------
    ViewError
        If one of the scans has none of the structures.
    """
    pairs = ((first, FIRST), (second, SECOND))
    for geometry, scan in pairs:
        if not all(name in geometry.case for name in structures):
            raise ViewError(
                f"{', '.join(n for n in structures if n not in geometry.case)} is not in the {scan}",
                where=geometry.case.id,
                hint="Open the labels the question was made from.",
            )
    views = [
        render_view(geometry, structures, layout=layout, axis=axis, outlines=outlines, scan=scan)
        for geometry, scan in pairs
    ]
    scales = [view.pictures[0].mm_per_pixel for view in views]
    coarse = max(scales)
    for i, (geometry, scan) in enumerate(pairs):
        if scales[i] < coarse:
            views[i] = render_view(
                geometry,
                structures,
                layout=layout,
                axis=axis,
                outlines=outlines,
                scan=scan,
                mm_per_pixel=coarse,
            )
    here, there = views
    return replace(
        here,
        pictures=here.pictures + there.pictures,
        visible={name: min(here.visible[name], there.visible[name]) for name in here.visible},
        audit=tuple(
            verdict.model_copy(update={"reason": f"{scan}: {verdict.reason}"})
            for view, (_, scan) in zip(views, pairs, strict=True)
            for verdict in view.audit
        ),
        window=here.window if here.window == there.window else f"{here.window}; {there.window}",
        modality=here.modality if here.modality == there.modality else "unknown",
        of_second=len(there.pictures),
    )
