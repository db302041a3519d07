"""The part of the Case dock that opens files: label map, scan, names; or a sample."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from napari_spatialmed.case import CaseError, discover, name_tables
from napari_spatialmed.viewer.case_files import NAME_SUFFIXES, VOLUME_SUFFIXES, ChosenFiles
from napari_spatialmed.viewer.memory import recall, remember

GUESS = "Guess, and say why"
_VOLUMES = f"Scans and label maps ({' '.join('*' + s for s in VOLUME_SUFFIXES)});;All files (*)"
TABLES = f"Names tables ({' '.join('*' + s for s in NAME_SUFFIXES)});;All files (*)"
FROM_FILE = "From a file…"


class OpenForm(QWidget):
    """Three rows and a button; says what was chosen and opens nothing itself."""

    chosen = Signal(object, object, object)
    """Paths of labels and scan (or None), and the names: a table's id, a path, or None to guess."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.labels, self.image = self._row(layout, 0, "Label map"), self._row(layout, 1, "Scan")
        self.image.setPlaceholderText("optional")
        self._proposed = ""
        """What stands as the scan without having been chosen for the next label map."""
        self.names = QComboBox(self)
        self.names.setAccessibleName("Names table")
        self.names.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.names.addItem(GUESS, None)
        for table in name_tables().values():
            self.names.addItem(table.title, table.id)
        self.names.addItem(FROM_FILE, FROM_FILE)
        self.names.activated.connect(self._on_names)
        layout.addWidget(QLabel("Names", self), 2, 0)
        layout.addWidget(self.names, 2, 1, 1, 2)
        self.button = QPushButton("Open", self)
        self.button.setToolTip("Open these files in place of the scan on show")
        self.button.setEnabled(False)
        self.button.clicked.connect(self._open)
        layout.addWidget(self.button, 3, 1, 1, 2)
        layout.setColumnStretch(1, 1)
        self.labels.textChanged.connect(self._enable)

    def fill(self, files: ChosenFiles) -> None:
        """Show these files, as if chosen by hand."""
        self.labels.setText(str(files.labels))
        self._propose(files.image)
        if files.names is not None:
            self._add_names_file(files.names)

    def _row(self, layout: QGridLayout, row: int, title: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setAccessibleName(title)
        browse = QPushButton("…", self)
        browse.setFixedWidth(32)
        browse.setToolTip(f"Choose the {title.lower()}")
        browse.setAccessibleName(f"Choose the {title.lower()}")
        browse.clicked.connect(self._browse_image if row else self._browse_labels)
        layout.addWidget(QLabel(title, self), row, 0)
        layout.addWidget(line, row, 1)
        layout.addWidget(browse, row, 2)
        return line

    def _browse_labels(self) -> None:
        if self._browse(self.labels, "Choose a label map") and self.image.text().strip() in (
            "",
            self._proposed,
        ):
            try:
                beside = discover(self.labels.text())
            except CaseError:
                beside = []
            self._propose(beside[0].image if beside else None)

    def _propose(self, image: Path | None) -> None:
        self._proposed = "" if image is None else str(image)
        self.image.setText(self._proposed)

    def _browse_image(self) -> None:
        self._browse(self.image, "Choose the scan it belongs to")

    def _browse(self, line: QLineEdit, title: str) -> bool:
        path, _ = QFileDialog.getOpenFileName(self, title, recall("folder", ""), _VOLUMES)
        if path:
            remember("folder", str(Path(path).parent))
            line.setText(path)
        return bool(path)

    def _on_names(self) -> None:
        if self.names.currentData() == FROM_FILE:
            path, _ = QFileDialog.getOpenFileName(self, "Choose a names table", recall("folder", ""), TABLES)
            if path:
                self._add_names_file(Path(path))
            else:
                self.names.setCurrentIndex(0)

    def _add_names_file(self, path: Path) -> None:
        self.names.insertItem(1, path.name, path)
        self.names.setCurrentIndex(1)

    def _enable(self) -> None:
        self.button.setEnabled(bool(self.labels.text().strip()))

    def _open(self) -> None:
        image = self._proposed = self.image.text().strip()
        self.chosen.emit(
            Path(self.labels.text().strip()), Path(image) if image else None, self.names.currentData()
        )
