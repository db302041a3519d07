"""Choosing the model to ask: the known endpoints, how to set one, and the trial model of this machine."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, Signal
from qtpy.QtWidgets import QComboBox, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.llm import Endpoint, endpoints
from napari_spatialmed.llm.local_server import LABEL
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.local_model import LOCAL, local_endpoint, start_local_model
from napari_spatialmed.viewer.messages import PlainLabel, menu_text
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Job, Work

NO_ENDPOINT = (
    "No model is set up. Set OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY before starting napari, or run "
    "“spatialmed endpoint add” in a terminal. To try the path without key or network, start the local trial model "
    f"(it {LABEL})."
)
LOCAL_RUNS = f"The local trial model runs. It {LABEL}: its answers show that the path works, nothing else."


class EndpointChooser(QWidget):
    """Emits ``changed`` when another model is chosen, ``failed(error)`` and ``said(text)`` for the dock's message line."""

    changed = Signal()
    failed = Signal(object)
    said = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._starting = Work(self)
        self.box = QComboBox()
        self.box.setAccessibleName("Model")
        fit(self.box)
        self.local_button = QPushButton("Start local trial model")
        self.local_button.setToolTip(f"A small real model on this machine, to try the path. It {LABEL}.")
        self.hint = PlainLabel(NO_ENDPOINT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.box, self.hint, self.local_button):
            layout.addWidget(part)
        layout.addWidget(BusyBar(self._starting))
        self.box.activated.connect(self._chosen)
        self.local_button.clicked.connect(self.start_local)
        self._starting.returned.connect(self._local_started)
        self._starting.failed.connect(self.failed)

    @property
    def endpoint(self) -> Endpoint | None:
        """The chosen model."""
        found = self.box.currentData()
        return found if isinstance(found, Endpoint) else None

    @property
    def all(self) -> tuple[Endpoint, ...]:
        """Every model of the list."""
        return tuple(
            found for n in range(self.box.count()) if isinstance(found := self.box.itemData(n), Endpoint)
        )

    def changeEvent(self, event: QEvent) -> None:
        """Qt: a model may have been set up in a terminal; then the window is turned to again."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            known = known_models(self.failed.emit)
            if tuple(known.values()) != self.all:
                self._list(known)

    def fill(self) -> None:
        """Read the endpoints anew; keep the session's choice."""
        self._list(known_models(self.failed.emit))

    def _list(self, known: dict[str, Endpoint]) -> None:
        local = local_endpoint()
        self.box.clear()
        for name, endpoint in known.items():
            self.box.addItem(menu_text(f"{name}: {endpoint.model or 'its only model'}"), endpoint)
            if name == self.session.endpoint:
                self.box.setCurrentIndex(self.box.count() - 1)
        self.hint.setVisible(not known)
        self.local_button.setVisible(local is None)
        self.changed.emit()

    def start_local(self) -> None:
        """Start the trial model and choose it."""
        self._starting.run("Starting the local trial model", _start_local)

    def _local_started(self, _endpoint: Endpoint) -> None:
        self.session.set_endpoint(LOCAL)
        self.fill()
        self.said.emit(LOCAL_RUNS)

    def _chosen(self) -> None:
        if self.endpoint is not None:
            is_local = self.endpoint == local_endpoint()
            self.session.set_endpoint(LOCAL if is_local else self.endpoint.name)
        self.changed.emit()


def known_models(failed: Callable[[SpatialMedError], object]) -> dict[str, Endpoint]:
    """The models that are set up, and the trial model while it runs; `failed` is told if the first can't be read."""
    known: dict[str, Endpoint] = {}
    try:
        known.update(endpoints())
    except SpatialMedError as error:
        failed(error)
    local = local_endpoint()
    if local is not None:
        known[LOCAL] = local
    return known


def fit(box: QComboBox) -> None:
    """Let a box take the width there is, whatever its longest entry."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(16)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


def _start_local(job: Job) -> Endpoint:
    return start_local_model()
