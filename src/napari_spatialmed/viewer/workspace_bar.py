"""The bar above the picture: the steps of the work, the next one marked; standard views; a screenshot."""

from __future__ import annotations

import weakref
from functools import partial

import napari
from napari.layers import Points, Shapes
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QHBoxLayout, QLabel, QMainWindow, QPushButton, QSizePolicy, QWidget
from superqt import QElidingLabel

from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.keys import VIEW_KEYS, bind_view, show_keys
from napari_spatialmed.viewer.layer_changes import OWNER
from napari_spatialmed.viewer.picture_dialog import PictureDialog
from napari_spatialmed.viewer.session import Session, session_for
from napari_spatialmed.viewer.slider_numbers import SliderNumbers
from napari_spatialmed.viewer.space import PLANES
from napari_spatialmed.viewer.workspace import arrange, keep_layout, show_dock

STEPS = {
    "Case": "Open a labelled scan",
    "Measure": "Measure structures",
    "Propose": "Let the team propose questions",
    "Curate": "Check, edit and score questions",
    "Ask": "Ask a model about the case",
    "Report": "See where models fail",
}
_SIDES = {"A": "anterior", "P": "posterior", "R": "right", "L": "left", "S": "superior", "I": "inferior"}


class WorkspaceBar(QWidget):
    """Opening it lays out the workspace."""

    def __init__(self, napari_viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._viewer = weakref.ref(viewer)
        self._help: list[QAction] = []
        self.session = session_for(viewer)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 3, 8, 3)
        layout.setSpacing(4)
        self.steps: dict[str, QPushButton] = {}
        for n, (title, tip) in enumerate(STEPS.items(), start=1):
            button = self.steps[title] = QPushButton(f"{n}  {title}", self)
            button.setToolTip(tip)
            button.setCheckable(False)
            button.clicked.connect(partial(self._show, title))
            layout.addWidget(button)
        self.hint = QElidingLabel("", self)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        slanted = self.hint.font()
        slanted.setItalic(True)
        self.hint.setFont(slanted)
        layout.addWidget(self.hint, 1)
        layout.addWidget(QLabel("3D from", self))
        self.sides: dict[str, QPushButton] = {}
        for letter, side in _SIDES.items():
            button = self.sides[letter] = QPushButton(letter, self)
            # In widths of letters, so that it grows with the font.
            button.setStyleSheet("QPushButton { min-width: 1.2em; max-width: 1.6em; padding: 3px; }")
            button.setToolTip(f"Look at the surfaces from {side} (Shift+{letter})")
            button.setAccessibleName(f"3D view from {side}")
            button.clicked.connect(partial(self.session.scene.view_from, letter))
            layout.addWidget(button)
        self.shot = QPushButton("Picture…", self)
        self.shot.setToolTip(
            "Save what the canvas shows, or a turntable, with letters, scale bar and caption (Shift+K)"
        )
        self.shot.clicked.connect(self.picture)
        layout.addWidget(self.shot)
        self.keys_button = QPushButton("Keys", self)
        self.keys_button.setToolTip("Show all keys (F1)")
        self.keys_button.clicked.connect(self.show_keys)
        layout.addWidget(self.keys_button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.shortcuts = bind_view(self, {name: partial(self._act, name) for name in VIEW_KEYS})
        viewer.layers.selection.events.active.connect(self._on_active)
        for signal in (
            self.session.case_changed,
            self.session.benchmark_changed,
            self.session.measurements_changed,
        ):
            signal.connect(self._mark_next)
        framed(self)
        self._mark_next()
        QTimer.singleShot(0, self._arrange)

    def next_step(self) -> str:
        """What to do next, by what is there already."""
        return next_step(self.session)

    def _arrange(self) -> None:
        viewer = self._viewer()
        if viewer is not None:
            arrange(viewer)
            self.window().installEventFilter(self)
            SliderNumbers(viewer, viewer.window._qt_viewer.dims)
            # Where people look; a manifest can't add to this menu.  They go with the bar, their parent.
            for text, slot in (("SpatialMed: keys", self.show_keys), ("SpatialMed: diagnose", self.diagnose)):
                action = QAction(text, self)
                action.triggered.connect(slot)
                self._help.append(action)
            self._add_to_help()
            viewer.window.help_menu.aboutToShow.connect(self._add_to_help)

    def _add_to_help(self) -> None:
        """Put our entries into the Help menu; napari empties it each time that a plugin's commands come or go."""
        viewer = self._viewer()
        if viewer is not None:
            menu = viewer.window.help_menu
            menu.addActions([action for action in self._help if action not in menu.actions()])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: the layout is kept as the window closes; napari never closes the docks themselves."""
        if event.type() == QEvent.Type.Close and isinstance(watched, QMainWindow):
            keep_layout(watched)
        return False

    def _show(self, title: str) -> None:
        viewer = self._viewer()
        if viewer is not None:
            show_dock(viewer, title)

    def _mark_next(self) -> None:
        step = self.next_step()
        for title, button in self.steps.items():
            font = button.font()
            font.setBold(title == step)
            button.setFont(font)
        self.hint.setText(f"Next: {STEPS[step].lower()}")
        self.hint.setToolTip(self.hint.text())
        for button in (*self.sides.values(), self.shot):
            button.setEnabled(self.session.case is not None)

    def picture(self) -> PictureDialog:
        """Save a picture or a turntable."""
        dialog = PictureDialog(self.session, self.window())
        dialog.show()
        return dialog

    def show_keys(self) -> None:
        """Show all keys, wherever they act."""
        show_keys(self.window())

    def diagnose(self) -> None:
        """Tell what this machine has and what is missing."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.window.add_plugin_dock_widget("napari-spatialmed", "Diagnose")

    def _on_active(self) -> None:
        """On a person's own points or shapes napari has tools on some of our keys: these come first."""
        viewer = self._viewer()
        active = None if viewer is None else viewer.layers.selection.active
        foreign = isinstance(active, Points | Shapes) and OWNER not in active.metadata
        for shortcut in self.shortcuts:
            shortcut.setEnabled(not foreign)

    def _act(self, key: str) -> None:
        """What a key of `keys.VIEW_KEYS` does."""
        scene = self.session.scene
        if key == "keys":
            self.show_keys()
        if self.session.case is None or key == "keys":
            return
        if key.startswith("from_"):
            scene.view_from(key.removeprefix("from_"))
        elif key == "next_window":
            scene.window_level.next_preset()
        elif key == "filling":
            scene.filling.next()
        elif key == "crosshair":
            scene.crosshairs.turn(not scene.crosshairs.on)
        elif key == "picture":
            self.picture()
        elif key == "edit_labels":
            scene.set_editing(not scene.editing)
        else:
            scene.show_plane({plane: axis for axis, plane in PLANES.items()}[key])


def next_step(session: Session) -> str:
    """The first step that hasn't been done."""
    if session.case is None:
        return "Case"
    if session.benchmark is None:
        return "Measure" if not session.measurements else "Propose"
    state = session.benchmark.state
    return "Curate" if state.questions else "Propose"
