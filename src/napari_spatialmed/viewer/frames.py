"""How our docks and dialogs sit: frames of text fields and the focus, which napari's themes don't draw, and scrolling on a low screen."""

from __future__ import annotations

from collections.abc import Mapping

from napari.settings import get_settings
from qtpy.QtCore import QEvent, QObject, QSize, Qt, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QDockWidget,
    QLabel,
    QScrollArea,
    QTableView,
    QTableWidget,
    QVBoxLayout,
    QWidget,
)

# Mid-grey and this blue stand out by 3 : 1 or more from the panels of both of napari's themes.
FRAME, FOCUS = "#787e88", "#2c7be5"
PLACEHOLDERS = {True: "#c3c7cd", False: "#3e4146"}
"""Dark theme → colour of the words in an empty field."""
_TYPED = ("QPlainTextEdit", "QLineEdit")
_FIELDS = ("QPlainTextEdit", "QTextEdit", "QLineEdit", "QListWidget", "QTableView")
_SIZED = (
    "QAbstractItemView",
    "QHeaderView::section",
    "QHeaderView",
    "QPlainTextEdit",
    "QTextEdit",
    "QLineEdit",
    "QAbstractSpinBox",
)
LEAST_ROW = 24
"""Height of a table's row in pixels at napari's smallest fonts."""
DESIGNED_FOR = 9
"""Points: the size for which widths of columns are stated."""
LONGEST_CELL = 24
"""Letters that a column which fits its contents has room for."""
_SIZED_FOR, _WIDTHS = "spatialmed_font_size", "spatialmed_widths"
WIDEST_SHARE = 0.47
"""Of the screen's width, which a dock may ask for; what still doesn't fit is scrolled to."""
_TOUCHED = (*_FIELDS, "QPushButton", "QComboBox", "QAbstractSpinBox", "QToolButton", "QSlider")
_STYLE = (
    f"{', '.join(_FIELDS)} {{ border: 1px solid {FRAME}; border-radius: 2px; }}\n"
    f"QPushButton, QComboBox, QToolButton, QSlider {{ border: 1px solid transparent; }}\n"
    f"{', '.join(f'{name}:focus' for name in _TOUCHED)} {{ border: 1px solid {FOCUS}; }}\n"
    f"QPushButton:checked {{ border: 1px solid {FRAME}; }}\n"
    f"QRadioButton:focus, QCheckBox:focus {{ border-bottom: 1px solid {FOCUS}; }}\n"
    # In napari's dark theme an empty box has nearly the colour of what it lies on.
    f"QCheckBox::indicator, QAbstractItemView::indicator {{ border: 1px solid {FRAME}; border-radius: 2px; }}\n"
    "QTableCornerButton::section { background: transparent; border: none; }\n"
    # With a border of ours Qt no longer draws the mark of a ticked row; white on blue can be seen in both themes.
    f"QAbstractItemView::indicator:checked {{ background: {FOCUS}; image: url('theme_dark:/check.svg'); }}\n"
)


def framed(widget: QWidget) -> None:
    """Give every text field in a dock or dialog of ours a frame, what has the focus a blue one, and lists napari's font size."""
    _Dress(widget)


class _Dress(QObject):
    """Dresses one dock or dialog, and again when napari's theme or font size changes.

    napari sets the size of labels and buttons only; fields, lists and their rows would stay small.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._size, self._dark = 0, True
        self._shown = QTimer(self)
        self._shown.setSingleShot(True)
        self._shown.setInterval(0)
        self._shown.timeout.connect(self._make_room_for_the_title)
        widget.installEventFilter(self)
        self._put_on()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: napari gives its window another style sheet when a setting of its looks changes."""
        if watched is self._widget and event.type() in (QEvent.Type.StyleChange, QEvent.Type.Show):
            self._put_on()
        return False

    def _put_on(self) -> None:
        size = int(get_settings().appearance.font_size)
        dark = self._widget.palette().windowText().color().lightness() > 127
        if (size, dark) != (self._size, self._dark):
            self._size, self._dark = size, dark
            self._widget.setStyleSheet(
                f"{_STYLE}{', '.join(_SIZED)} {{ font-size: {size}pt; }}\n"
                # Qt's own is half transparent, which is too faint in the light theme.
                f"{', '.join(_TYPED)} {{ placeholder-text-color: {PLACEHOLDERS[dark]}; }}\n"
            )
        for table in self._widget.findChildren(QTableView):
            if table.property(_SIZED_FOR) != size:
                _fit_columns(table, size)
            rows, height = table.verticalHeader(), table.fontMetrics().height() + 6
            if rows.defaultSectionSize() < height or rows.defaultSectionSize() > max(height, LEAST_ROW):
                rows.setDefaultSectionSize(max(height, LEAST_ROW))
        # As it is shown, it doesn't know its style sheet's font yet.
        self._shown.start()

    def _make_room_for_the_title(self) -> None:
        """napari's title bar is as high as its default font: a larger one would be cut below."""
        dock: QObject | None = self._widget
        while dock is not None and not isinstance(dock, QDockWidget):
            dock = dock.parent()
        bar = None if dock is None else dock.titleBarWidget()
        title = None if bar is None else bar.findChild(QLabel)
        if bar is not None and title is not None and title.isVisible():
            title.setMinimumHeight(title.fontMetrics().height())
            bar.setMinimumHeight(title.fontMetrics().height() + 6)


def set_widths(table: QTableView, widths: Mapping[int, int]) -> None:
    """Give columns a width of so many pixels at napari's own font size, and in proportion at another."""
    table.setProperty(_WIDTHS, {str(column): width for column, width in widths.items()})
    _fit_columns(table, int(get_settings().appearance.font_size))


def _fit_columns(table: QTableView, size: int) -> None:
    """Let columns grow and shrink with the font: stated widths in proportion, others by what is in them."""
    before, widths = table.property(_SIZED_FOR), table.property(_WIDTHS)
    table.setProperty(_SIZED_FOR, size)
    if widths:
        for column, width in widths.items():
            table.horizontalHeader().resizeSection(int(column), round(width * size / DESIGNED_FOR))
    elif before not in (None, size) and isinstance(table, QTableWidget):
        fit_to_contents(table)


def fit_to_contents(table: QTableWidget) -> None:
    """Make columns as wide as what is in them, up to a limit: what is longer is whole in its tooltip."""
    table.resizeColumnsToContents()
    longest = LONGEST_CELL * table.fontMetrics().averageCharWidth()
    for column in range(table.columnCount()):
        table.setColumnWidth(column, min(table.columnWidth(column), longest))


class _Scrolled(QScrollArea):
    """Asks for the width at which nothing of its content is cut, which grows with the font, and scrolls in height."""

    def __init__(self, inside: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(inside)

    def minimumSizeHint(self) -> QSize:
        """Qt: the content's least width beside a scroll bar."""
        hint, inside, screen = super().minimumSizeHint(), self.widget(), self.screen()
        if inside is None:
            return hint
        bar = self.verticalScrollBar()
        wanted = inside.minimumSizeHint().width() + (0 if bar is None else bar.sizeHint().width()) + 2
        most = wanted if screen is None else int(WIDEST_SHARE * screen.availableGeometry().width())
        return QSize(min(wanted, most), hint.height())

    def showEvent(self, event: QShowEvent | None) -> None:
        """Qt: behind another tab its window doesn't learn that it needs another width."""
        super().showEvent(event)
        self.updateGeometry()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt: its content needs another width."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))


def scrolling_layout(dock: QWidget) -> QVBoxLayout:
    """The layout for a dock's parts: on a low screen they scroll, instead of making the window taller than the screen."""
    inside = QWidget()
    outside = QVBoxLayout(dock)
    outside.setContentsMargins(0, 0, 0, 0)
    outside.addWidget(_Scrolled(inside))
    return QVBoxLayout(inside)
