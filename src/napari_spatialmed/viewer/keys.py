"""All keys, in tables: what `?` and the documentation show is what is bound.

Those of the Curate dock act only while it has the focus, because in napari ``1`` erases labels and ``2`` paints them, and
they are dead while typing.  Those of the picture and those that change the case act in the whole window: with Shift, because napari gives plain letters
and digits to the layers' tools.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QPlainTextEdit,
    QShortcut,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.viewer.frames import framed, set_widths
from napari_spatialmed.viewer.messages import PlainLabel

Keys = dict[str, tuple[tuple[str, ...], str]]

KEYS: Keys = {
    "score_0": (("0",), "Score 0: unqualified"),
    "score_1": (("1",), "Score 1: acceptable"),
    "score_2": (("2",), "Score 2: well qualified"),
    "cannot_judge": (("9",), "Cannot judge (this is not a 0)"),
    "submit": (("Return", "Enter"), "Submit and go to the next"),
    "next": (("PgDown",), "Next question"),
    "previous": (("PgUp",), "Previous question"),
    "edit": (("F2",), "Edit the question"),
    "flag": (("F3",), "Raise your flag, with a reason, or lower it"),
    "comment": (("F4",), "Write the comment of your review"),
    "remark": (("Shift+F4",), "Write a remark, apart from your review"),
    "evidence": (("F5",), "Show the evidence in the scene"),
    "recompute": (("F6",), "Recompute the answer from the labels"),
    "history": (("F7",), "History of this question"),
    "provenance": (("Shift+F7",), "How this question came to be, once you have scored it"),
    "skip": (("F8",), "Skip for now"),
    "adjudicate": (("F9",), "Settle split scores or two texts"),
    "find": (("/",), "Search the list"),
    "leave": (("Escape",), "Leave the text field"),
    "undo": (("Ctrl+Z",), "Undo your last change, also of an earlier session"),
    "redo": (("Ctrl+Shift+Z",), "Redo"),
    "keys": (("?",), "Show all keys"),
}
"""Action → (keys, what it does)."""
VIEW_KEYS: Keys = {
    "from_A": (("Shift+A",), "3D from anterior"),
    "from_P": (("Shift+P",), "3D from posterior"),
    "from_L": (("Shift+L",), "3D from the patient's left"),
    "from_R": (("Shift+R",), "3D from the patient's right"),
    "from_S": (("Shift+S",), "3D from superior"),
    "from_I": (("Shift+I",), "3D from inferior"),
    "axial": (("Shift+X",), "Axial slices"),
    "coronal": (("Shift+C",), "Coronal slices"),
    "sagittal": (("Shift+G",), "Sagittal slices"),
    "next_window": (("Shift+W",), "Next window preset; from a window of one's own the first"),
    "filling": (("Shift+O",), "Structures filled, outlined or off, in 2D"),
    "crosshair": (("Shift+H",), "Crosshair in the 2D views, or none"),
    "picture": (("Shift+K",), "Save a picture or a turntable"),
    "edit_labels": (("Shift+E",), "Edit the labels, or lock them again"),
    "keys": (("F1",), "Show all keys"),
}
"""Action of the workspace → (keys, what it does)."""
CASE_KEYS: Keys = {
    "next_case": (("Ctrl+PgDown",), "Next case of the case list"),
    "previous_case": (("Ctrl+PgUp",), "Previous case of the case list"),
}
"""Action of the case list, wherever the focus is → (keys, what it does)."""
LIST_KEYS: Keys = {
    "open": (("Return", "Enter"), "Open the chosen case"),
    "find": (("/",), "Search the list"),
    "leave": (("Escape",), "Leave the text field"),
}
"""Action of the case list while it has the focus → (keys, what it does)."""
SECTIONS: Mapping[str, Keys] = {
    "Anywhere in the window, while the workspace is open": VIEW_KEYS,
    "From case to case, anywhere": CASE_KEYS,
    "In the Curate dock, while it has the focus": KEYS,
    "In the Case list, while it has the focus": LIST_KEYS,
}
"""What `show_keys` lists."""


def is_typing() -> bool:
    """Whether the focus is in a text field that can be written to."""
    focus = QApplication.focusWidget()
    return isinstance(focus, QLineEdit | QPlainTextEdit) and not focus.isReadOnly()


def bind(dock: QWidget, actions: Mapping[str, Callable[[], object]]) -> None:
    """Bind every key of the table to the dock's action of that name."""
    _bind(KEYS, dock, actions, Qt.ShortcutContext.WidgetWithChildrenShortcut)


def bind_view(bar: QWidget, actions: Mapping[str, Callable[[], object]]) -> list[QShortcut]:
    """Bind the picture's keys in the whole window, as long as the bar is in it.  A text field keeps its capitals."""
    return _bind(VIEW_KEYS, bar, actions, Qt.ShortcutContext.WindowShortcut)


def bind_cases(window: QWidget, actions: Mapping[str, Callable[[], object]]) -> None:
    """Bind the keys that change the case, in the whole window."""
    _bind(CASE_KEYS, window, actions, Qt.ShortcutContext.WindowShortcut)


def bind_list(dock: QWidget, actions: Mapping[str, Callable[[], object]]) -> None:
    """Bind the case list's own keys."""
    _bind(LIST_KEYS, dock, actions, Qt.ShortcutContext.WidgetWithChildrenShortcut)


def _bind(
    keys: Keys,
    owner: QWidget,
    actions: Mapping[str, Callable[[], object]],
    context: Qt.ShortcutContext,
) -> list[QShortcut]:
    made = []
    for name, (sequences, text) in keys.items():
        for sequence in sequences:
            shortcut = QShortcut(QKeySequence(sequence), owner)
            shortcut.setContext(context)
            shortcut.setWhatsThis(text)
            shortcut.activated.connect(actions[name])
            made.append(shortcut)
    return made


def key_text(action: str) -> str:
    """The key of an action, for buttons' tooltips."""
    return (KEYS | CASE_KEYS)[action][0][0].replace("Return", "Enter")


def show_keys(parent: QWidget) -> QDialog:
    """Show all tables, one below the other."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle("Keys")
    table = QTableWidget(0, 2)
    table.setHorizontalHeaderLabels(["Key", "Does"])
    table.verticalHeader().hide()
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setAccessibleName("Keys")
    table.setObjectName("all_keys")
    table.setShowGrid(False)
    for title, keys in SECTIONS.items():
        row = table.rowCount()
        table.insertRow(row)
        heading = QTableWidgetItem(title)
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        table.setItem(row, 0, heading)
        table.setSpan(row, 0, 1, 2)
        for sequences, text in keys.values():
            row = table.rowCount()
            table.insertRow(row)
            table.setItem(row, 0, QTableWidgetItem(sequences[0].replace("Return", "Enter")))
            table.setItem(row, 1, QTableWidgetItem(text))
    table.horizontalHeader().setStretchLastSection(True)
    set_widths(table, {0: 110})
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(table)
    layout.addWidget(PlainLabel("napari's own are in File → Preferences → Shortcuts.", quiet=True))
    layout.addWidget(buttons)
    framed(dialog)
    dialog.resize(560, 680)
    dialog.show()
    return dialog
