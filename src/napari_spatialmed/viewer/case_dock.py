"""The Case dock: open a labelled scan, see what it is, find and choose its structures, set window and view."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import Qt
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_spatialmed.case import SAMPLES, Case, CaseError
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.case_files import chosen_files
from napari_spatialmed.viewer.crosshair_button import CrosshairButton
from napari_spatialmed.viewer.cut_row import CutRow
from napari_spatialmed.viewer.frames import framed, scrolling_layout
from napari_spatialmed.viewer.labels_editing import LabelsEditing
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, menu_text, not_a_device
from napari_spatialmed.viewer.open_form import OpenForm
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.structures_table import StructuresTable
from napari_spatialmed.viewer.window_row import WindowRow
from napari_spatialmed.wording import counted

EMPTY = (
    "No scan is open. Choose a label map and the scan it belongs to below, drop the files here, or try one of the samples. "
    "Structures get their names from a names table; if you don't choose one, it is guessed and the reason shown."
)
_VIEWS = (("Axial", 0), ("Coronal", 1), ("Sagittal", 2), ("3D", None))


class CaseDock(QWidget):
    """Shows the session's case and opens others."""

    def __init__(self, napari_viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session_for(napari_viewer)
        self.setAcceptDrops(True)
        self.message = MessageLine(self)
        self.facts = PlainLabel("", self)
        self.notes = MessageLine(self)
        self.form = OpenForm(self)
        self.form.chosen.connect(self.open_files)
        self.opening = QCollapsible("Open a scan", self)
        self.opening.toggleButton().setToolTip("Choose a label map and its scan, or a sample")
        self.opening.addWidget(self.form)
        self.opening.addWidget(self._samples())
        self.view_row = self._view_row()
        self.structures = StructuresTable(self.session, self)
        self.editing = LabelsEditing(self.session, self)
        self.editing.said.connect(self.message.say)
        self.editing.failed.connect(self.message.fail)
        self.structures.names.said.connect(self._said)
        self.structures.names.failed.connect(self.message.fail)
        layout = scrolling_layout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.facts)
        layout.addWidget(self.notes)
        layout.addWidget(self.opening)
        layout.addWidget(BusyBar(self.session.opening, self))
        layout.addWidget(self.message)
        layout.addWidget(self.view_row)
        layout.addWidget(BusyBar(self.session.scene.surfaces.work, self))
        layout.addWidget(self.structures, 1)
        layout.addWidget(self.editing)
        layout.addWidget(not_a_device(self))
        layout.addStretch(0)
        self.session.case_changed.connect(self._on_case)
        self.session.edits.unsaved_changed.connect(self._show_facts)
        self.session.scene.view_changed.connect(self._on_view)
        self.session.scene.looks_changed.connect(self._on_view)
        self.session.opening.started.connect(self._on_opening)
        self.session.opening.failed.connect(self.message.fail)
        self.session.opening.cancelled.connect(self._on_cancelled)
        surfaces = self.session.scene.surfaces.work
        surfaces.failed.connect(self.message.fail)
        surfaces.returned.connect(self._surfaces_ready)
        surfaces.cancelled.connect(self._surfaces_cancelled)
        framed(self)
        self._on_case()

    # ---- opening

    def open_files(self, labels: Path, image: Path | None, names: Any) -> None:
        """Open these files in place of the case on show."""
        self.session.open_case_async(labels, image, names=names)

    def open_sample(self, key: str) -> None:
        """Open a sample in place of the case on show."""
        self.session.open_sample_async(key)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the files that were dropped."""
        self.open_dropped([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def open_dropped(self, paths: list[Path]) -> None:
        """Find out which file is which, show it in the form, and open."""
        try:
            files = chosen_files(paths)
        except CaseError as error:
            self.message.fail(error)
            return
        self.form.fill(files)
        self.open_files(files.labels, files.image, self.form.names.currentData())

    # ---- what it shows

    def _on_opening(self) -> None:
        self.message.clear()

    def _said(self, text: str) -> None:
        self.message.say(text, "good")

    def _surfaces_ready(self, count: int) -> None:
        self.message.say(f"Built {counted(count, 'surface')}.", "good")

    def _surfaces_cancelled(self) -> None:
        if self.session.case is not None and self.session.scene.viewer.dims.ndisplay == 3:
            self.message.say("Building surfaces was cancelled; press 3D to go on.")

    def _on_cancelled(self) -> None:
        self.message.say("Opening was cancelled; what was on show stays.")

    def _show_facts(self) -> None:
        """What the case is; its labels may have been saved under another name."""
        case = self.session.case
        self.facts.setText(EMPTY if case is None else facts_text(case))

    def _on_case(self) -> None:
        case = self.session.case
        for widget in (self.view_row, self.structures, self.editing):
            widget.setVisible(case is not None)
        self._show_facts()
        if case is None:
            self.notes.clear()
            self.opening.expand(animate=False)
            return
        self.opening.collapse(animate=False)
        self.notes.say("\n".join(notes_of(case)), "warning")
        self.window_row.show_case()
        self.palette_box.setCurrentIndex(self.palette_box.findData(self.session.scene.palette))
        self._on_view()

    def _samples(self) -> QWidget:
        box = QWidget(self)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(QLabel("Or a sample:", box))
        self.sample_buttons: dict[str, QPushButton] = {}
        for key, title in SAMPLES.items():
            button = self.sample_buttons[key] = QPushButton(menu_text(_short(title)), box)
            button.setToolTip(menu_text(title))
            # A partial of a bound method of ours: Qt lets go of it together with the button.
            button.clicked.connect(partial(self.open_sample, key))
            layout.addWidget(button)
        return box

    def _view_row(self) -> QWidget:
        box = QWidget(self)
        rows = QVBoxLayout(box)
        rows.setContentsMargins(0, 0, 0, 0)
        views = QHBoxLayout()
        views.setSpacing(4)
        self.view_buttons: dict[str, QPushButton] = {}
        for title, axis in _VIEWS:
            button = self.view_buttons[title] = QPushButton(title, box)
            button.setToolTip(
                "Show surfaces and a slice plane" if axis is None else f"Show {title.lower()} slices"
            )
            button.clicked.connect(partial(self._show_view, axis))
            views.addWidget(button)
        self.crosshair = CrosshairButton(self.session.scene.crosshairs, box)
        views.addWidget(self.crosshair)
        self.window_row = WindowRow(self.session, box)
        self.palette_box = QComboBox(box)
        for title, palette in (("Colours", "steady"), ("Colour-blind safe", "safe")):
            self.palette_box.addItem(title, palette)
        self.palette_box.setToolTip(
            "Each structure's own colour, or a set that stays apart for colour-blind readers"
        )
        self.palette_box.setAccessibleName("Set of colours")
        self.palette_box.activated.connect(self._set_palette)
        self.strength = QSlider(Qt.Orientation.Horizontal, box)
        self.strength.setRange(0, 100)
        self.strength.setValue(45)
        self.strength.setToolTip(
            "How strongly the structures' colours cover the scan; in 3D how solid the surfaces are"
        )
        self.strength.setAccessibleName("Strength of the structures' colours")
        self.strength.valueChanged.connect(self._set_strength)
        colours = QHBoxLayout()
        colours.addWidget(self.palette_box, 1)
        colours.addWidget(self.strength, 1)
        rows.addLayout(views)
        self.cut = CutRow(self.session, box)
        rows.addWidget(self.cut)
        rows.addWidget(self.window_row)
        rows.addLayout(colours)
        return box

    def _show_view(self, axis: int | None) -> None:
        if axis is None:
            self.session.scene.view_from("A")
        else:
            self.session.scene.show_plane(axis)

    def _set_palette(self) -> None:
        self.session.scene.set_palette(self.palette_box.currentData())

    def _set_strength(self, percent: int) -> None:
        self.session.scene.set_opacity(percent / 100)

    def _on_view(self) -> None:
        self.strength.blockSignals(True)
        self.strength.setValue(round(100 * self.session.scene.opacity))
        self.strength.blockSignals(False)


def facts_text(case: Case) -> str:
    """What the case is, in two lines."""
    size = " × ".join(str(n) for n in case.labels.shape[::-1])
    voxel = " × ".join(f"{mm:.3g}" for mm in case.spacing[::-1])
    scan = "Scan" if case.modality == "unknown" else case.modality
    kind = scan if case.image is not None else "Label map only"
    source = case.provenance.labels_path
    place = f"{source.name}\n" if source is not None else ""
    return f"{place}{kind} · {counted(len(case.structures), 'structure')} · {size} voxels of {voxel} mm (R–L × A–P × S–I)"


def notes_of(case: Case) -> list[str]:
    """What a reader of this case must know: guesses, and what was done to the data."""
    notes = list(case.provenance.notes)
    names, reason = case.provenance.names, case.provenance.names_reason
    if names == "none":
        notes.insert(0, f"No names yet: {reason}, in the menu Names above the structures.")
    elif reason != "given":
        notes.insert(0, f"Names: {names}, guessed ({reason}).")
    return notes


def _short(title: str) -> str:
    return title if len(title) <= 34 else title.split(" (")[0].split(" with ")[0]
