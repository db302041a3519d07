"""What has been edited in the labels on show: measured again after each stroke, and whether it is saved."""

from __future__ import annotations

from pathlib import Path

from psygnal import Signal

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.edits import Edit, update_geometry
from napari_spatialmed.viewer.scene import Scene
from napari_spatialmed.viewer.work import Work


class LabelEdits:
    """Keeps one viewer's measurements true to its labels, and counts what isn't saved."""

    unsaved_changed = Signal(bool)
    """Whether the labels on show differ from what was opened or saved last."""
    measured = Signal(tuple)
    """Names of the structures whose voxels changed; geometry is already up to date."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._geometry: CaseGeometry | None = None
        self._pending: list[Edit] = []
        self.original: Path | None = None
        """The file that the labels were read from."""
        self.written: Path | None = None
        """The file that they were saved to last; it may be written again without fear for the original."""
        self._strokes = 0
        self._saved_at: int | None = 0
        self._updating = Work()
        self._updating.returned.connect(self._updated)
        scene.edited.connect(self._on_edited)

    @property
    def unsaved(self) -> bool:
        """Whether the labels on show differ from what was opened or saved last."""
        return self._strokes != self._saved_at

    @property
    def strokes(self) -> int:
        """How many edits lie on what was opened."""
        return self._strokes

    def restart(self, geometry: CaseGeometry) -> None:
        """Another case is on show."""
        self._geometry = geometry
        self.original = geometry.case.provenance.labels_path
        self._strokes, self._saved_at, self.written = 0, 0, None
        self._pending.clear()
        self._updating.cancel()

    def saved(self, strokes: int, path: Path | None = None) -> None:
        """The labels were saved to `path`, or given up, as they were with this many edits."""
        self.written = path or self.written
        before, self._saved_at = self.unsaved, strokes
        if self.unsaved != before:
            self.unsaved_changed.emit(self.unsaved)

    def stop(self) -> None:
        """Measure nothing any more: the window closes."""
        self._updating.stop()

    def _on_edited(self, edit: Edit) -> None:
        before = self.unsaved
        if edit.kind == "stroke" and self._saved_at is not None and self._strokes < self._saved_at:
            self._saved_at = None  # it takes the place of one that was saved: no way leads back there
        self._strokes += -1 if edit.kind == "undo" else 1
        if self.unsaved != before:
            self.unsaved_changed.emit(self.unsaved)
        self._pending.append(edit)
        if not self._updating.running:
            self._update()

    def _update(self) -> None:
        edits, self._pending = self._pending, []
        if edits and self._geometry is not None:
            self._updating.run("Updating measurements", update_geometry, self._geometry, edits)

    def _updated(self, names: frozenset[str]) -> None:
        if self._geometry is not None and names:
            self._scene.surfaces.forget(self._geometry.case[n].label for n in names)
            self.measured.emit(tuple(sorted(names)))
        self._update()
