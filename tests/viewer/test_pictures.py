"""Pictures to take along: captioned, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_spatialmed.viewer.pictures import (
    PictureError,
    Turn,
    captioned,
    film_is_possible,
    record_turn,
    save_picture,
)
from napari_spatialmed.viewer.work import Cancelled


class Table:
    """Stands for the 3D view: each frame has its own grey."""

    def __init__(self) -> None:
        self.is_back = False

    def frame(self, share: float, size: tuple[int, int] | None, check: Callable[[], None]) -> np.ndarray:
        return np.full((*(size or (90, 120)), 4), 50 + int(200 * share), np.uint8)

    def put_back(self) -> None:
        self.is_back = True


class Job:
    """A job that is cancelled after some frames."""

    def __init__(self, frames: int = 1000) -> None:
        self.left = frames
        self.said: list[str] = []

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled

    def progress(self, fraction: float | None, text: str = "") -> None:
        self.said.append(text)


def test_the_caption_stands_under_the_picture_and_changes_none_of_it() -> None:
    shot = np.random.default_rng(0).integers(0, 255, (200, 700, 4), np.uint8)
    found = np.asarray(captioned(shot, "case-1"))
    assert np.array_equal(found[:200], shot[..., :3])
    strip = found[200:]
    assert strip.shape[1:] == (700, 3)
    # Words at the left and, that it is no medical device, at the right.
    assert (strip[:, :100] > 100).any()
    assert (strip[:, -100:] > 100).any()
    narrow = np.asarray(captioned(shot[:, :150], "a caption that is far too long for a picture this small"))
    assert narrow.shape[0] > found.shape[0]
    assert narrow.shape[1] == 150


@pytest.mark.parametrize("name", ["turn.gif", "turn.png"])
def test_a_turn_is_animated_and_the_view_is_put_back(tmp_path: Path, name: str) -> None:
    table, job = Table(), Job()
    path = record_turn(job, table, Turn(8, 4.0), "case-1", tmp_path / name)
    assert table.is_back
    assert job.said[0] == "Picture 1 of 8"
    with Image.open(path) as film:
        assert film.n_frames == 8
        greys = []
        for n in range(8):
            film.seek(n)
            greys.append(film.convert("RGB").getpixel((5, 5))[0])
            assert film.info["duration"] == pytest.approx(500)
    assert greys == [50 + 25 * n for n in range(8)]
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_turn_can_be_a_folder_of_pictures(tmp_path: Path) -> None:
    path = record_turn(Job(), Table(), Turn(8, 4.0, (60, 80)), "", tmp_path / "turn")
    names = sorted(p.name for p in path.iterdir())
    assert names[0] == "turn_001.png"
    assert len(names) == 8
    with pytest.raises(PictureError, match="there already"):
        record_turn(Job(), Table(), Turn(8, 4.0), "", tmp_path / "turn")


@pytest.mark.parametrize("name", ["turn.gif", "turn"])
def test_a_cancelled_turn_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    table = Table()
    with pytest.raises(Cancelled):
        record_turn(Job(3), table, Turn(8, 4.0), "", tmp_path / name)
    assert table.is_back
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    picture = np.zeros((40, 60, 4), np.uint8)
    with pytest.raises(PictureError, match="Choose a folder you can write to"):
        save_picture(picture, "", tmp_path / "nowhere" / "picture.png")
    with pytest.raises(PictureError, match=r"end in \.gif"):
        record_turn(Job(), Table(), Turn(8), "", tmp_path / "turn.docx")
    if not film_is_possible():
        with pytest.raises(PictureError, match="imageio-ffmpeg"):
            record_turn(Job(), Table(), Turn(8), "", tmp_path / "turn.mp4")


def test_a_film_has_all_frames(tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    path = record_turn(Job(), Table(), Turn(8, 4.0), "case-1", tmp_path / "turn.mp4")
    frames, seconds = ffmpeg.count_frames_and_secs(path)
    assert frames == 8
    assert seconds == pytest.approx(4.0, abs=0.1)
