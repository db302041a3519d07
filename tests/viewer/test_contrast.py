"""Whatever colour we set ourselves can be read: 4.5 : 1 for words, 3 : 1 for frames and the focus, in both themes (WCAG 2.2)."""

from __future__ import annotations

import numpy as np
import pytest
from napari.utils.theme import get_theme

from napari_spatialmed.viewer import (
    crosshair,
    drawing_layers,
    frames,
    messages,
    pairs_matrix,
    scale_bar,
    scene,
)


def rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[n : n + 2], 16) for n in (1, 3, 5))


def luminance(color: tuple[float, ...]) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_of_contrast_is_right() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(rgb("#767676"), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    "ink", [drawing_layers.INK, drawing_layers.ACCENT, scale_bar.INK, crosshair.CROSSHAIR]
)
def test_what_is_written_on_the_picture_stands_out_from_its_ground(ink: str) -> None:
    assert contrast(rgb(ink), rgb(scene.BACKGROUND)) >= 4.5


def test_faded_words_can_still_be_read() -> None:
    left = drawing_layers.FADED_WORDS
    for ink in (drawing_layers.INK, drawing_layers.ACCENT):
        mixed = np.average([rgb(ink), rgb(scene.BACKGROUND)], axis=0, weights=[left, 1 - left])
        assert contrast(tuple(mixed), rgb(scene.BACKGROUND)) >= 4.5


@pytest.mark.parametrize("share", [n / 20 for n in range(21)])
def test_numbers_of_the_heat_map_can_be_read_on_every_shade(share: float) -> None:
    ground = pairs_matrix.shade(share)
    assert contrast(pairs_matrix.ink_on(ground), ground) >= 4.5


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_frames_the_focus_and_marks_of_messages_can_be_seen(theme: str) -> None:
    ground = rgb(get_theme(theme).background.as_hex())
    for color in (frames.FRAME, frames.FOCUS, *messages.BARS.values()):
        assert contrast(rgb(color), ground) >= 3


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_what_an_empty_field_says_can_be_read(theme: str) -> None:
    ground = rgb(get_theme(theme).foreground.as_hex())
    assert contrast(rgb(frames.PLACEHOLDERS[theme == "dark"]), ground) >= 4.5


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_naparis_own_words_can_be_read_on_our_panels(theme: str) -> None:
    panels = get_theme(theme)
    for ground in (panels.background, panels.foreground, panels.primary):
        assert contrast(rgb(panels.text.as_hex()), rgb(ground.as_hex())) >= 4.5
