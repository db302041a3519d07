"""The one place where pictures of a case are made: the viewer's evidence, a model's input and a reviewer's picture.

A view is a few pictures that show the structures asked about, with an audit of what can be seen on them
(rules V1 and V2).  It goes to `prompts` and from there to a model, byte for byte as it is previewed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.brush import Brush
from napari_spatialmed.evaluation.drawing import OUTLINE_COLORS, Picture
from napari_spatialmed.evaluation.planes import (
    ENOUGH_VOXELS,
    PLANES,
    SHOWS,
    Cut,
    PatientAxis,
    Plane,
    SliceCounts,
)
from napari_spatialmed.questions.model import Verdict

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry

Layout = Literal["plane", "orthogonal", "montage", "frames", "surface3d"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)

SIZE = 448
"""Longest side of the anatomy in pixels."""
MONTAGE_SIZE = 224
MONTAGE_COUNT = 9
FRAMES_COUNT = 8
PLANE_FOR_AXIS: Mapping[str, Plane] = {"RL": "axial", "AP": "axial", "SI": "coronal"}


class ViewError(SpatialMedError):
    """A picture that can't be made."""


@dataclass(frozen=True, slots=True)
class View:
    """Pictures of a case, rendered for a question.

    Attributes
    ----------
    pictures
        In the order they are sent.
    layout
        One of `LAYOUTS`.
    structures
        Names of what is asked about.
    visible
        For each structure, the most of its voxels on any one picture (in ``surface3d``: pixels of its surface).
    audit
        Rule V1 for each structure, and V2 where an axis is asked.
    legend
        Structure → colour word of its outline; empty without outlines.
    window
        How intensities became grey, in words.
    titles
        Structure → what people call it.
    modality
        The scan's, as the case knows it (rule G5).
    of_second
        How many of the pictures, the last ones, show a second scan.
    """

    pictures: tuple[Picture, ...]
    layout: Layout
    structures: tuple[str, ...]
    visible: Mapping[str, int]
    audit: tuple[Verdict, ...]
    legend: Mapping[str, str] = field(default_factory=dict)
    window: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    modality: str = "unknown"
    of_second: int = 0

    @property
    def passed(self) -> bool:
        """Whether everything asked about can be seen."""
        return all(verdict.passed for verdict in self.audit)

    @property
    def size(self) -> int:
        """Bytes that would be sent."""
        return sum(len(picture.png) for picture in self.pictures)

    @property
    def tokens(self) -> int:
        """Estimated tokens of all pictures."""
        return sum(picture.tokens for picture in self.pictures)


def render_view(
    geometry: CaseGeometry,
    structures: Sequence[str],
    *,
    layout: Layout = "orthogonal",
    axis: PatientAxis | None = None,
    outlines: bool = False,
    plane: Plane | None = None,
    count: int | None = None,
    size: int | None = None,
    scan: str = "",
    mm_per_pixel: float = 0.0,
) -> View:
    """Render the pictures that show `structures`.

    Parameters
    ----------
    geometry
        The case; its labels as they are now.
    structures
        Names of what is asked about; none shows the middle of the scan.
    layout
        ``plane``: the one plane that shows most of them. ``orthogonal``: an axial, a coronal and a sagittal plane, and
        one more for each structure that none of them shows. ``montage``: `count` planes in one picture. ``frames``:
        `count` planes, a picture each. ``surface3d``: the structures' surfaces from the front, the left and below.
    axis
        The patient axis a question asks for: planes are chosen so that it lies in them (rule V2).
    outlines
        Draw each structure's outline in its own colour, with a legend.
    plane
        Overrides the plane of ``plane``, ``montage`` and ``frames``.
    count
        Planes of ``montage`` (9) and ``frames`` (8).
    size
        Longest side of the anatomy in pixels (448; 224 for each tile of a montage).
    scan
        What to call this scan on its pictures and in their captions, where there are several: ``first scan``.
    mm_per_pixel
        At least this much, so that the pictures of several scans share a scale.

    Raises
    ------
    UnknownStructureError
        If a structure isn't in the case.
    ViewError
        If the layout or the count makes no sense.
    """
    if layout not in LAYOUTS:
        raise ViewError(f"no layout {layout!r}", hint=f"There are: {', '.join(LAYOUTS)}.")
    if count is not None and not 1 <= count <= 64:
        raise ViewError(f"{count} planes can't be shown", hint="Choose 1 to 64.")
    names = tuple(dict.fromkeys(s.name for s in geometry.case.select(structures)))
    titles = {name: geometry.case[name].title for name in names}
    modality = geometry.case.modality
    if layout == "surface3d":
        from napari_spatialmed.evaluation.surfaces import render_surfaces

        pictures, pixels = render_surfaces(
            geometry, names, size=size or SIZE, scan=scan, mm_per_pixel=mm_per_pixel
        )
        audit = _audit_seen(names, pixels, "pixels of its surface")
        return View(
            pictures, layout, names, pixels, audit, _legend(names), "surfaces of the labels", titles, modality
        )
    counts = SliceCounts(geometry, names)
    longest = size or (MONTAGE_SIZE if layout == "montage" else SIZE)
    brush = Brush(geometry, names, outlines, longest, scan=scan, mm_per_pixel=mm_per_pixel)
    cuts = _choose_cuts(counts, layout, axis, plane, count)
    if layout == "montage":
        pictures = (brush.montage(cuts),)
    else:
        pictures = tuple(brush.picture(cut) for cut in cuts)
    visible = {name: max(counts.at(name, cut) for cut in cuts) for name in names}
    audit = _audit_seen(names, visible, "voxels")
    if axis is not None:
        audit = (*audit, _audit_axis(axis, {cut.plane for cut in cuts}))
    return View(
        pictures,
        layout,
        names,
        visible,
        audit,
        _legend(names) if outlines else {},
        brush.title,
        titles,
        modality,
    )


def _choose_cuts(
    counts: SliceCounts, layout: Layout, axis: PatientAxis | None, plane: Plane | None, count: int | None
) -> list[Cut]:
    if layout == "orthogonal":
        cuts = [counts.best(p) for p in PLANES]
        for name in counts.names:
            if all(counts.at(name, cut) < ENOUGH_VOXELS for cut in cuts):
                cuts.append(
                    max((counts.best(p, [name]) for p in PLANES), key=lambda cut: counts.at(name, cut))
                )
        return list(dict.fromkeys(cuts))
    if layout == "plane":
        if plane is not None:
            return [counts.best(plane)]
        allowed = [p for p in PLANES if axis is None or axis in SHOWS[p]]
        candidates = [counts.best(p) for p in allowed]
        return [
            max(candidates, key=lambda cut: sum(counts.at(n, cut) >= ENOUGH_VOXELS for n in counts.names))
        ]
    chosen = plane or PLANE_FOR_AXIS.get(axis or "", "axial")
    return counts.spread(chosen, count or (MONTAGE_COUNT if layout == "montage" else FRAMES_COUNT))


def _legend(names: Sequence[str]) -> dict[str, str]:
    return {name: OUTLINE_COLORS[i % len(OUTLINE_COLORS)][0] for i, name in enumerate(names)}


def _audit_seen(names: Sequence[str], visible: Mapping[str, int], what: str) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(
            member="view",
            rule="V1",
            passed=visible[name] >= ENOUGH_VOXELS,
            reason=f"{visible[name]} {what} of {name} on one picture (at least {ENOUGH_VOXELS} needed)",
            detail={"structure": name, "visible": visible[name]},
        )
        for name in names
    )


def _audit_axis(axis: PatientAxis, planes: set[Plane]) -> Verdict:
    showing = sorted(p for p in planes if axis in SHOWS[p])
    return Verdict(
        member="view",
        rule="V2",
        passed=bool(showing),
        reason=f"the axis {axis} lies in: {', '.join(showing) or 'none of the planes shown'}",
        detail={"axis": axis, "planes": [*sorted(planes)]},
    )
