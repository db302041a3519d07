"""How our docks and dialogs sit: frames of text fields and the focus, which napari's themes don't draw, and scrolling on a low screen."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea, QVBoxLayout, QWidget

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


def scrolled(inside: QWidget, least_width: int) -> QScrollArea:
    """Let a dock's content scroll on a low screen, instead of making the window taller than the screen.

    Parameters
    ----------
    inside
        The content.
    least_width
        In pixels: narrower, it would be cut at the side.
    """
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setMinimumWidth(least_width)
    area.setWidget(inside)
    return area


def scrolling_layout(dock: QWidget, least_width: int) -> QVBoxLayout:
    """The layout for a dock's parts that `scrolled` makes room for."""
    inside = QWidget()
    outside = QVBoxLayout(dock)
    outside.setContentsMargins(0, 0, 0, 0)
    outside.addWidget(scrolled(inside, least_width))
    return QVBoxLayout(inside)
