"""Paints planes of one case: one window, one scale, one set of outlines for all pictures of a view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_spatialmed.case.window import Window, apply_window, choose_window
from napari_spatialmed.evaluation.drawing import (
    OUTLINE_COLORS,
    RGB,
    Picture,
    Sheet,
    add_legend,
    apply_outlines,
    color_labels,
    frame,
    grey_to_rgb,
    resample,
    resample_labels,
    scaled_size,
    tile,
    to_picture,
)
from napari_spatialmed.evaluation.extent import box_of_body
from napari_spatialmed.evaluation.planes import (
    NORMAL,
    SIDES,
    Cut,
    caption,
    convention,
    section,
    section_spacing,
)

if TYPE_CHECKING:
    from napari_spatialmed.geometry.case_geometry import CaseGeometry


class Brush:
    """Paints planes of one case at one scale."""

    def __init__(
        self,
        geometry: CaseGeometry,
        names: Sequence[str],
        outlines: bool,
        size: int,
        *,
        scan: str = "",
        mm_per_pixel: float = 0.0,
    ) -> None:
        self.case = geometry.case
        self.asked = self.case.select(names)
        self.outlines = outlines
        self.box = box_of_body(geometry, self.asked)
        field_mm = np.array([side.stop - side.start for side in self.box]) * self.case.spacing
        self.scan = scan
        self.mm_per_pixel = float(max(field_mm.max() / size, self.case.spacing.min() / 8, mm_per_pixel))
        self.window: Window | None = None
        self.title = "label colours, no scan"
        if self.case.image is not None:
            self.window = choose_window(self.case, self.asked)
            self.title = self.window.title
        self.colors: dict[int, RGB] = {s.label: s.color for s in self.case.structures}

    def sheet(self, cut: Cut, note: str = "") -> Sheet:
        labels = section(self.case.labels, cut, self.box)
        spacing = section_spacing(self.case, cut)
        size = scaled_size((labels.shape[0], labels.shape[1]), spacing, self.mm_per_pixel)
        drawn = resample_labels(labels, size)
        if self.case.image is None or self.window is None:
            pixels = color_labels(drawn, self.colors)
        else:
            values = np.nan_to_num(
                section(self.case.image, cut, self.box).astype(np.float32), nan=self.window.low
            )
            pixels = grey_to_rgb(apply_window(resample(values, size), self.window))
        if self.outlines:
            apply_outlines(pixels, drawn, [s.label for s in self.asked])
        return Sheet(pixels, SIDES[cut.plane], note)

    def picture(self, cut: Cut) -> Picture:
        image = frame(self.sheet(cut, called(self.scan, cut.plane)), self.mm_per_pixel, self._legend())
        return to_picture(
            image,
            caption=captioned(self.scan, caption(cut)),
            plane=cut.plane,
            index=cut.index,
            mm_per_pixel=self.mm_per_pixel,
        )

    def montage(self, cuts: Sequence[Cut]) -> Picture:
        plane = cuts[0].plane
        step = float(self.case.spacing[NORMAL[plane]])
        tiles = [
            frame(
                self.sheet(cut, called(self.scan, f"{(cut.index - cuts[0].index) * step:.0f} mm")),
                self.mm_per_pixel,
            )
            for cut in cuts
        ]
        columns = int(np.ceil(np.sqrt(len(tiles))))
        sheet = add_legend(tile(tiles, columns), self._legend())
        towards = {"axial": "inferior", "coronal": "posterior", "sagittal": "the patient's left"}[plane]
        text = (
            f"{len(cuts)} {plane} planes, from left to right and top to bottom towards {towards}; each tile gives its "
            f"distance from the first. {convention(plane)}"
        )
        return to_picture(
            sheet, caption=captioned(self.scan, text), plane="montage", mm_per_pixel=self.mm_per_pixel
        )

    def _legend(self) -> list[tuple[str, RGB]]:
        if not self.outlines:
            return []
        return [(s.title, OUTLINE_COLORS[i % len(OUTLINE_COLORS)][1]) for i, s in enumerate(self.asked)]


def called(scan: str, note: str) -> str:
    """A note on a picture, with the scan's name before it where there are several."""
    return f"{scan}: {note}" if scan else note


def captioned(scan: str, caption: str) -> str:
    """A caption, with the scan's name before it where there are several."""
    return f"{scan[:1].upper()}{scan[1:]}. {caption}" if scan else caption
