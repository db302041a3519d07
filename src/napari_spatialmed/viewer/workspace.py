"""Lays the docks out: the case on the left, the steps of the work as tabs on the right, side views below."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import napari
from napari.settings import get_settings
from qtpy.QtCore import QByteArray, Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabBar, QTabWidget, QWidget

from napari_spatialmed.viewer.binding import warn_of_binding
from napari_spatialmed.viewer.giving_way import giving_way
from napari_spatialmed.viewer.memory import recall, remember

_PRODUCT = "SpatialMed"


@dataclass(frozen=True)
class DockPlace:
    """A dock's class, and where the workspace puts it."""

    widget: str
    area: str


DOCKS = {
    "Workspace": DockPlace("workspace_bar:WorkspaceBar", "top"),
    "Case": DockPlace("case_dock:CaseDock", "left"),
    "Case list": DockPlace("case_list_dock:CaseListDock", "left"),
    "Measure": DockPlace("measure_dock:MeasureDock", "right"),
    "Propose": DockPlace("propose_dock:ProposeDock", "right"),
    "Curate": DockPlace("curate_dock:CurateDock", "right"),
    "Ask": DockPlace("ask_dock:AskDock", "right"),
    "Report": DockPlace("report_dock:ReportDock", "right"),
    "Orthogonal views": DockPlace("orthogonal:OrthogonalViews", "bottom"),
}
_LAYOUT_VERSION = 2
"""Raised when docks come or go, so that an older layout is not applied."""
_RIGHT_WIDTH, _LEFT_WIDTH, _BELOW_HEIGHT = 440, 360, 280
_RIGHT_SHARE = 0.28
"""Of a wide window: tables and reports have more to show there."""
_LEAST_MIDDLE = 0.35
"""Part of the window's width that a layout put back leaves to the picture."""


def open_workspace(viewer: napari.viewer.Viewer) -> None:
    """Lay the workspace out; the bar's own opening does the same."""
    with _once_for_all(viewer):
        show_dock(viewer, "Workspace")
        arrange(viewer)


def arrange(viewer: napari.viewer.Viewer) -> None:
    """Open every dock in its place, and give the picture the rest of the window.  Once per window."""
    if all(_open_widget(viewer, title) is not None for title in DOCKS):
        return
    with _once_for_all(viewer):
        _arrange(viewer)


@contextmanager
def _once_for_all(viewer: napari.viewer.Viewer) -> Iterator[None]:
    """Around opening many docks: what Python and napari do after each is done once, when all are there.

    A sixth of the time would go into full rounds of garbage collection, a tenth into napari's settings, whose file it writes
    anew for every place that a dock takes for a moment, and more into pictures of every size that the window goes through.
    """
    window, settings = viewer.window._qt_window, get_settings()
    writing, settings._save_on_change = settings._save_on_change, False
    drawing = window.updatesEnabled()
    window.setUpdatesEnabled(False)
    giving_way().begin(window)
    try:
        yield
    finally:
        giving_way().end(window)
        window.setUpdatesEnabled(drawing)
        settings._save_on_change = writing
        settings._maybe_save()


def _arrange(viewer: napari.viewer.Viewer) -> None:
    size = viewer.window._qt_window.size()
    for title in DOCKS:
        show_dock(viewer, title)
    bar = _dock(viewer, "Workspace")
    window = _main_window(bar)
    case, measure, below = (_dock(viewer, title) for title in ("Case", "Measure", "Orthogonal views"))
    if window is None or bar is None or case is None or measure is None or below is None:
        return
    window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, bar)
    # A bar needs no title of its own; napari's Window menu still closes it.
    bar.setTitleBarWidget(QWidget(bar))
    for area in (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea):
        window.setTabPosition(area, QTabWidget.TabPosition.North)
    # napari's own two docks on the left stay at hand, as tabs behind ours.
    for own in window.findChildren(QDockWidget):
        if own.objectName() in ("layer list", "layer controls"):
            window.tabifyDockWidget(case, own)
    # The side docks keep their height; the side views lie under the picture only.
    window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
    window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
    # Before they were tabs, docks lay below one another and made the window taller than a low screen.
    layout = window.layout()
    if layout is not None:
        layout.activate()
    window.resize(size)
    right = max(_RIGHT_WIDTH, round(_RIGHT_SHARE * size.width()))
    window.resizeDocks([case, measure], [_LEFT_WIDTH, right], Qt.Orientation.Horizontal)
    window.resizeDocks([below], [_BELOW_HEIGHT], Qt.Orientation.Vertical)
    for dock in (case, measure):
        dock.raise_()
    if restore_layout(window):
        _leave_room(window, [case, measure], [_LEFT_WIDTH, right])
    hide_unused_tab_bars(window)
    warn_of_binding()


def _leave_room(window: QMainWindow, docks: list[QDockWidget], widths: list[int]) -> None:
    """A layout of a large screen would leave hardly a picture on a small one: then the docks are as wide as at first."""
    layout, middle = window.layout(), window.centralWidget()
    if layout is not None and middle is not None:
        layout.activate()
        if middle.width() < _LEAST_MIDDLE * window.width():
            window.resizeDocks(docks, widths, Qt.Orientation.Horizontal)


def keep_layout(window: QMainWindow) -> None:
    """Remember where the docks are, how large, and which tab is in front."""
    state = window.saveState(_LAYOUT_VERSION)
    remember("workspace_layout", bytes(state.toBase64().data()).decode("ascii"))


def restore_layout(window: QMainWindow) -> bool:
    """Put the docks where they were last time; False if nothing was remembered or it doesn't fit."""
    kept = recall("workspace_layout", "")
    if not isinstance(kept, str) or not kept:
        return False
    return bool(window.restoreState(QByteArray.fromBase64(kept.encode("ascii", "ignore")), _LAYOUT_VERSION))


def show_dock(viewer: napari.viewer.Viewer, title: str) -> QWidget:
    """Open a dock, or bring it to the front; returns its widget."""
    found = _open_widget(viewer, title)
    if found is None:
        place = DOCKS[title]
        widget = _widget(place.widget)(viewer)
        viewer.window.add_dock_widget(
            widget, name=dock_name(title), area=place.area, tabify=place.area == "right"
        )
        found = widget
        if place.area == "left":
            _tabify_on_the_left(viewer, title)
    dock = _dock(viewer, title)
    if dock is not None:
        # On a tab there is no room for the product's name.
        dock.setWindowTitle(title)
        dock.show()
        dock.raise_()
        hide_unused_tab_bars(_main_window(dock))
    return found


def _tabify_on_the_left(viewer: napari.viewer.Viewer, title: str) -> None:
    """Put a new dock behind the one of ours that is there, where napari itself tabs only on the right."""
    dock = _dock(viewer, title)
    window = _main_window(dock)
    for name, place in DOCKS.items():
        other = _dock(viewer, name) if place.area == "left" and name != title else None
        if window is not None and dock is not None and other is not None:
            window.tabifyDockWidget(other, dock)


def hide_unused_tab_bars(window: QMainWindow | None) -> None:
    """Qt keeps the tab bars of earlier groups of docks, and may leave one on show over a dock."""
    bars = [] if window is None else [b for b in window.findChildren(QTabBar) if b.parent() is window]
    for bar in bars:
        # Qt shortens words first, down to one letter; with whole ones it offers arrows to go through them.
        bar.setElideMode(Qt.TextElideMode.ElideNone)
    texts = {bar: {bar.tabText(n) for n in range(bar.count())} for bar in bars}
    for n, bar in enumerate(bars):
        # Of two with the same tabs, the later one is in use: a layout that is put back comes with bars of its own.
        later = {other for other in bars[n + 1 :] if texts[bar] == texts[other]}
        if any(other in later or texts[bar] < texts[other] for other in bars if other.isVisible()):
            bar.hide()


def dock_name(title: str) -> str:
    """The name under which napari's Plugins menu keeps a dock of ours."""
    return f"{title} ({_PRODUCT})"


def _open_widget(viewer: napari.viewer.Viewer, title: str) -> QWidget | None:
    """The widget of a dock that is open, under whichever name: code may open it with the package's."""
    kind = DOCKS[title].widget.partition(":")[2]
    return next((w for w in viewer.window.dock_widgets.values() if type(w).__name__ == kind), None)


def _widget(where: str) -> Any:
    module, name = where.split(":")
    return getattr(importlib.import_module(f"napari_spatialmed.viewer.{module}"), name)


def _dock(viewer: napari.viewer.Viewer, title: str) -> QDockWidget | None:
    """The dock around one of our widgets."""
    widget = _open_widget(viewer, title)
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parent()
    return widget


def _main_window(dock: QDockWidget | None) -> QMainWindow | None:
    window = dock.parent() if dock is not None else None
    while window is not None and not isinstance(window, QMainWindow):
        window = window.parent()
    return window
