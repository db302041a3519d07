"""The Curate dock's keys, in one table: what `?` shows is what is bound.

They act only while the dock has the focus, because in napari ``1`` erases labels and ``2`` paints them, and they are dead
while typing.
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

from napari_spatialmed.viewer.frames import framed

KEYS: Mapping[str, tuple[tuple[str, ...], str]] = {
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
    "keys": (("?",), "Show these keys"),
}
"""Action → (keys, what it does)."""


def is_typing() -> bool:
    """Whether the focus is in a text field that can be written to."""
    focus = QApplication.focusWidget()
    return isinstance(focus, QLineEdit | QPlainTextEdit) and not focus.isReadOnly()


def bind(dock: QWidget, actions: Mapping[str, Callable[[], object]]) -> None:
    """Bind every key of the table to the dock's action of that name."""
    for name, (sequences, text) in KEYS.items():
        for sequence in sequences:
            shortcut = QShortcut(QKeySequence(sequence), dock)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.setWhatsThis(text)
            shortcut.activated.connect(actions[name])


def key_text(action: str) -> str:
    """The key of an action, for buttons' tooltips."""
    return KEYS[action][0][0].replace("Return", "Enter")


def show_keys(parent: QWidget) -> None:
    """Show the table."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle("Keys of the Curate dock")
    table = QTableWidget(len(KEYS), 2)
    table.setHorizontalHeaderLabels(["Key", "Does"])
    table.verticalHeader().hide()
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    for row, (sequences, text) in enumerate(KEYS.values()):
        table.setItem(row, 0, QTableWidgetItem(sequences[0].replace("Return", "Enter")))
        table.setItem(row, 1, QTableWidgetItem(text))
    table.setAccessibleName("Keys")
    table.verticalHeader().setDefaultSectionSize(24)
    table.resizeColumnsToContents()
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(table)
    layout.addWidget(buttons)
    framed(dialog)
    dialog.resize(480, 680)
    dialog.show()
