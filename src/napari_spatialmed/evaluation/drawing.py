"""One plane as a picture: isotropic pixels, window, outlines, side letters and a 10 mm bar; the same bytes every time.

Letters and bar stand in a margin beside the anatomy and never cover it.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

RGB = tuple[int, int, int]

OUTLINE_COLORS: tuple[tuple[str, RGB], ...] = (
    ("yellow", (255, 214, 0)),
    ("cyan", (0, 214, 255)),
    ("magenta", (255, 92, 205)),
    ("green", (96, 255, 112)),
    ("orange", (255, 148, 40)),
    ("blue", (110, 150, 255)),
)
"""Outlines of the structures asked about, in their order; names are what a legend and a prompt call them."""

INK: RGB = (255, 255, 255)
FAINT: RGB = (170, 170, 170)
MARGIN = 22
SMALLEST_WIDTH = 150
"""The bar and the plane's name need this much room below a narrow plane."""
FONT_SIZE = 15
BAR_MM = 10.0
TOKEN_PATCH = 28
"""Side in pixels of what one token covers in Qwen2-VL and its relatives; other models differ by up to a factor 3."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, exactly as it is sent.

    Attributes
    ----------
    png
        The file's bytes.
    sha256
        Their hash, as it stands in records.
    caption
        What it shows, in words.
    plane
        ``axial``, ``coronal``, ``sagittal``, ``montage`` or ``surface``.
    width, height
        In pixels.
    index
        The plane's index in the case's array, where it shows one plane.
    mm_per_pixel
        Scale of the anatomy.
    """

    png: bytes
    sha256: str
    caption: str
    plane: str
    width: int
    height: int
    index: int | None = None
    mm_per_pixel: float = 1.0

    @property
    def tokens(self) -> int:
        """Estimate: one token per 28 × 28 pixels."""
        return math.ceil(self.width / TOKEN_PATCH) * math.ceil(self.height / TOKEN_PATCH)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A painted plane before it becomes a file."""

    pixels: NDArray[np.uint8]
    sides: tuple[str, str, str, str]
    note: str = ""


def scaled_size(shape: tuple[int, int], spacing: tuple[float, float], mm_per_pixel: float) -> tuple[int, int]:
    """Width and height in pixels of a plane, so that one pixel is `mm_per_pixel` in both directions."""
    rows = max(1, round(shape[0] * spacing[0] / mm_per_pixel))
    columns = max(1, round(shape[1] * spacing[1] / mm_per_pixel))
    return columns, rows


def resample(values: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    """Intensities at another size: bilinear, averaging where it shrinks."""
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR))


def resample_labels(values: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Labels at another size: the nearest voxel's."""
    rows = ((np.arange(size[1]) + 0.5) * values.shape[0] / size[1]).astype(int)
    columns = ((np.arange(size[0]) + 0.5) * values.shape[1] / size[0]).astype(int)
    return values[np.ix_(rows, columns)]


def grey_to_rgb(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey as three channels."""
    return np.repeat(grey[..., None], 3, axis=2)


def color_labels(labels: NDArray[Any], colors: Mapping[int, RGB]) -> NDArray[np.uint8]:
    """A plane of labels in their structures' colours on black."""
    values, inverse = np.unique(labels, return_inverse=True)
    table = np.array([colors.get(int(v), (0, 0, 0)) for v in values], np.uint8)
    return table[inverse.reshape(labels.shape)]


def apply_outlines(pixels: NDArray[np.uint8], labels: NDArray[Any], asked: Sequence[int]) -> None:
    """Colour, in place, the outermost ring of pixels of each asked label."""
    for number, label in enumerate(asked):
        mask = labels == label
        padded = np.pad(mask, 1)
        inner = padded[1:-1, :-2] & padded[1:-1, 2:] & padded[:-2, 1:-1] & padded[2:, 1:-1]
        pixels[mask & ~inner] = OUTLINE_COLORS[number % len(OUTLINE_COLORS)][1]


def frame(sheet: Sheet, mm_per_pixel: float, legend: Sequence[tuple[str, RGB]] = ()) -> Image.Image:
    """Put letters, the 10 mm bar and the legend around a painted plane."""
    height, width = sheet.pixels.shape[:2]
    font = ImageFont.load_default(FONT_SIZE)
    canvas = Image.new("RGB", (max(width, SMALLEST_WIDTH) + 2 * MARGIN, height + 3 * MARGIN))
    x0 = (canvas.width - width) // 2
    canvas.paste(Image.fromarray(sheet.pixels), (x0, MARGIN))
    draw = ImageDraw.Draw(canvas)
    left, right, top, bottom = sheet.sides
    middle_x, middle_y = x0 + width // 2, MARGIN + height // 2
    for text, place in (
        (left, (x0 - MARGIN // 2, middle_y)),
        (right, (x0 + width + MARGIN // 2, middle_y)),
        (top, (middle_x, MARGIN // 2)),
        (bottom, (middle_x, MARGIN + height + MARGIN // 2)),
    ):
        draw.text(place, text, fill=INK, font=font, anchor="mm")
    line = 2 * MARGIN + height + MARGIN // 2
    bar = max(1, round(BAR_MM / mm_per_pixel))
    draw.rectangle((MARGIN, line - 1, MARGIN + bar - 1, line + 1), fill=INK)
    for end in (MARGIN, MARGIN + bar - 1):
        draw.line((end, line - 4, end, line + 4), fill=INK)
    draw.text((MARGIN + bar + 6, line), f"{BAR_MM:.0f} mm", fill=INK, font=font, anchor="lm")
    if sheet.note:
        draw.text((canvas.width - 6, line), sheet.note, fill=FAINT, font=font, anchor="rm")
    return add_legend(canvas, legend)


def add_legend(picture: Image.Image, legend: Sequence[tuple[str, RGB]]) -> Image.Image:
    """Names in their outlines' colours below a picture, in as many rows as they need."""
    if not legend:
        return picture
    font = ImageFont.load_default(FONT_SIZE)
    rows = _legend_rows(legend, picture.width, font)
    canvas = Image.new("RGB", (picture.width, picture.height + MARGIN * len(rows)))
    canvas.paste(picture, (0, 0))
    draw = ImageDraw.Draw(canvas)
    for number, row in enumerate(rows):
        for text, color, x in row:
            draw.text(
                (x, picture.height + number * MARGIN + MARGIN // 2), text, fill=color, font=font, anchor="lm"
            )
    return canvas


def tile(pictures: Sequence[Image.Image], columns: int) -> Image.Image:
    """Pictures side by side, row by row."""
    width, height = max(p.width for p in pictures), max(p.height for p in pictures)
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for number, picture in enumerate(pictures):
        sheet.paste(picture, ((number % columns) * width, (number // columns) * height))
    return sheet


def to_picture(
    image: Image.Image, *, caption: str, plane: str, index: int | None = None, mm_per_pixel: float = 1.0
) -> Picture:
    """The picture's file and its hash; grey pictures are stored as grey."""
    pixels = np.asarray(image)
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        image = Image.fromarray(np.ascontiguousarray(pixels[..., 0]))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    png = buffer.getvalue()
    digest = hashlib.sha256(png).hexdigest()
    return Picture(png, digest, caption, plane, image.width, image.height, index, mm_per_pixel)


def _legend_rows(
    legend: Sequence[tuple[str, RGB]], width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> list[list[tuple[str, RGB, int]]]:
    rows: list[list[tuple[str, RGB, int]]] = []
    x = MARGIN
    for text, color in legend:
        length = math.ceil(font.getlength(text)) + 16
        if not rows or x + length > width:
            rows.append([])
            x = MARGIN
        rows[-1].append((text, color, x))
        x += length
    return rows
