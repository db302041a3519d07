"""Pictures to take along: what the canvas shows with its letters and scale bar, a caption under it; or a whole turn in 3D."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from superqt.utils import ensure_main_thread

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.viewer.messages import NOT_A_DEVICE, clean
from napari_spatialmed.viewer.scene import Scene
from napari_spatialmed.viewer.work import Job

_PAPER, _INK = (12, 14, 16), (216, 221, 227)
_COLOURS = 256
_LOOK_EVERY_S, _PATIENCE_S = 0.2, 60.0
"""How often a thread that waits for a frame looks whether it was cancelled, and how long it waits for one.  Without a
graphics card a large frame takes seconds."""


class PictureError(SpatialMedError):
    """A picture that can't be made or written."""


@dataclass(frozen=True)
class Turn:
    """How a turntable is to be made.

    Attributes
    ----------
    frames
        Pictures in one whole turn.
    seconds
        How long the turn takes when played.
    size
        Height and width in pixels; None as on show.
    """

    frames: int = 36
    seconds: float = 6.0
    size: tuple[int, int] | None = None


def captioned(picture: NDArray[Any], caption: str) -> Image.Image:
    """A picture with a strip under it: the caption, and that it is no medical device.

    Parameters
    ----------
    picture
        RGB or RGBA, 8 bits, shape (rows, columns, 3 or 4).
    """
    shot = Image.fromarray(np.ascontiguousarray(picture[..., :3]))
    size = max(11, shot.width // 70)
    font = ImageFont.load_default(size)
    left, right = clean(caption).replace("\n", " ").strip(), NOT_A_DEVICE
    pad = size // 2
    together = font.getlength(left) + font.getlength(right) + 4 * pad <= shot.width
    lines = 1 if together or not left else 2
    strip = lines * round(1.4 * size) + pad
    paper = Image.new("RGB", (shot.width, shot.height + strip), _PAPER)
    paper.paste(shot, (0, 0))
    draw = ImageDraw.Draw(paper)
    top = shot.height + pad // 2
    while left and font.getlength(left) > shot.width - 2 * pad:
        left = left[:-2].rstrip("…") + "…"
    draw.text((pad, top), left, _INK, font)
    across = shot.width - pad - font.getlength(right) if together else pad
    draw.text((across, top + (lines - 1) * round(1.4 * size)), right, _INK, font)
    return paper


def save_picture(picture: NDArray[Any], caption: str, path: Path) -> Path:
    """Write a captioned picture as PNG.

    Raises
    ------
    PictureError
        If it can't be written.
    """
    paper = captioned(picture, caption)

    def write(aside: Path) -> None:
        paper.save(aside, "PNG")

    return _in_place(path, write)


class Turntable:
    """Turns the 3D camera of one scene about the patient's long axis, and puts it back."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        camera = scene.viewer.scene.camera
        self._angles = camera.angles
        self._start = np.asarray(camera.view_direction, float)

    def frame(
        self, share: float, size: tuple[int, int] | None, check: Callable[[], None]
    ) -> NDArray[np.uint8]:
        """The picture after this share of a whole turn; for a thread, where `check` raises once nobody wants it any more.

        Raises
        ------
        PictureError
            If the view has left 3D, or nothing was drawn.
        """
        drawing: Future[NDArray[np.uint8] | None] = self._draw(share, size)
        for _ in range(round(_PATIENCE_S / _LOOK_EVERY_S)):
            check()
            with suppress(TimeoutError):
                picture = drawing.result(_LOOK_EVERY_S)
                if picture is None:
                    raise PictureError(
                        "the view left 3D before it had turned once", hint="Go back to 3D and save it again."
                    )
                return picture
        raise PictureError(f"the window drew nothing for {_PATIENCE_S:.0f} s", hint="Choose a smaller size.")

    @ensure_main_thread
    def _draw(self, share: float, size: tuple[int, int] | None) -> NDArray[np.uint8] | None:
        if not self._scene.has_viewer or self._scene.viewer.dims.ndisplay != 3:
            return None
        angle = 2 * np.pi * share
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        ahead = self._start.copy()
        ahead[1:] = turn @ ahead[1:]
        if np.hypot(*ahead[1:]) < 0.1:  # from above or below: roll instead of standing still
            ahead = np.array([self._start[0], 0.1 * np.cos(angle), 0.1 * np.sin(angle)])
        self._scene.viewer.scene.camera.set_view_direction(tuple(ahead), (-1, 0, 0))
        return self._scene.screenshot(size=size)

    @ensure_main_thread
    def put_back(self) -> None:
        """The view as it was, in the next turn of the event loop; safe from any thread."""
        if self._scene.has_viewer and self._scene.viewer.dims.ndisplay == 3:
            self._scene.viewer.scene.camera.angles = self._angles


def record_turn(job: Job, table: Turntable, turn: Turn, caption: str, path: Path) -> Path:
    """Turn once and write it, by the path's ending: ``.gif``, ``.png`` (animated), ``.mp4``; without one, a folder of PNGs.

    Raises
    ------
    PictureError
        If it can't be written, or for ``.mp4`` where imageio-ffmpeg is missing.
    """
    writer = _WRITERS.get(path.suffix.casefold())
    if writer is None:
        raise PictureError(
            "a turntable is written as GIF, PNG or MP4", where=path, hint="Let the file's name end in .gif."
        )

    def frames() -> Iterator[Image.Image]:
        for n in range(turn.frames):
            job.check()
            job.progress(n / turn.frames, f"Picture {n + 1} of {turn.frames}")
            yield captioned(table.frame(n / turn.frames, turn.size, job.check), caption)
        job.progress(None, "Writing the file")

    try:
        return _in_place(path, lambda aside: writer(frames(), aside, turn))
    finally:
        table.put_back()


def film_is_possible() -> bool:
    """Whether MP4 can be written here: it needs imageio-ffmpeg."""
    return importlib.util.find_spec("imageio_ffmpeg") is not None


def _in_place(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` write aside, and move the whole into place: what was cut short leaves nothing behind."""
    folder = Path(tempfile.gettempdir())
    try:
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.stem}."))
        aside = folder / path.name
        write(aside)
        if aside.is_dir() and path.is_dir():
            raise PictureError("the folder is there already", where=path, hint="Choose another name.")
        aside.replace(path)
    except OSError as error:
        raise PictureError(
            f"the picture can't be written ({error.strerror or error})",
            where=path,
            hint="Choose a folder you can write to.",
        ) from error
    finally:
        if folder.parent == path.parent:
            shutil.rmtree(folder, ignore_errors=True)
    return path


def _animated(form: str) -> Callable[[Iterator[Image.Image], Path, Turn], None]:
    def write(frames: Iterator[Image.Image], path: Path, turn: Turn) -> None:
        # In few colours each: 120 frames of full colour would take most of a gigabyte.
        reduced = [f.quantize(_COLOURS, dither=Image.Dither.NONE) for f in frames]
        pause = round(1000 * turn.seconds / turn.frames)
        reduced[0].save(path, form, save_all=True, append_images=reduced[1:], duration=pause, loop=0)

    return write


def _film(frames: Iterator[Image.Image], path: Path, turn: Turn) -> None:
    if not film_is_possible():
        raise PictureError(
            "MP4 needs the package imageio-ffmpeg",
            where=path,
            hint="Install it (the extra `film` has it), or save a GIF.",
        )
    import imageio.v2 as imageio

    film: Any  # imageio's types know only what all its writers share
    with imageio.get_writer(
        path, fps=turn.frames / turn.seconds, codec="libx264", macro_block_size=2
    ) as film:
        for frame in frames:
            film.append_data(np.asarray(frame))


def _folder(frames: Iterator[Image.Image], path: Path, turn: Turn) -> None:
    path.mkdir()
    for n, frame in enumerate(frames, start=1):
        frame.save(path / f"{path.name}_{n:03d}.png")


_WRITERS: dict[str, Callable[[Iterator[Image.Image], Path, Turn], None]] = {
    ".gif": _animated("GIF"),
    ".png": _animated("PNG"),
    ".apng": _animated("PNG"),
    ".mp4": _film,
    "": _folder,
}
