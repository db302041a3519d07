"""Frames of text fields and the focus: napari's themes draw neither, so one can't see where one writes."""

from __future__ import annotations

from qtpy.QtWidgets import QWidget

# Mid-grey and this blue stand out by 3 : 1 or more from the panels of both of napari's themes.
_FRAME, _FOCUS = "#858b95", "#3d8bfd"
_FIELDS = ("QPlainTextEdit", "QTextEdit", "QLineEdit", "QListWidget", "QTableView")
_TOUCHED = (*_FIELDS, "QPushButton", "QComboBox", "QSpinBox", "QToolButton")
_STYLE = (
    f"{', '.join(_FIELDS)} {{ border: 1px solid {_FRAME}; border-radius: 2px; }}\n"
    f"QPushButton, QComboBox, QToolButton {{ border: 1px solid transparent; }}\n"
    f"{', '.join(f'{name}:focus' for name in _TOUCHED)} {{ border: 1px solid {_FOCUS}; }}\n"
    f"QPushButton:checked {{ border: 1px solid {_FRAME}; }}\n"
    f"QRadioButton:focus, QCheckBox:focus {{ border-bottom: 1px solid {_FOCUS}; }}\n"
)


def framed(widget: QWidget) -> None:
    """Give every text field in a dock or dialog of ours a frame, and what has the focus a blue one."""
    widget.setStyleSheet(_STYLE)
