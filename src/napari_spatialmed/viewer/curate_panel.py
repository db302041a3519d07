"""What the Curate dock looks like: its parts, one below the other, scrolling on a low screen."""

from __future__ import annotations

from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_spatialmed.viewer.benchmark_bar import BenchmarkBar
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.curate_buttons import CurateButtons
from napari_spatialmed.viewer.frames import scrolling_layout
from napari_spatialmed.viewer.memory import recall
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, not_a_device
from napari_spatialmed.viewer.question_checks import QuestionChecks
from napari_spatialmed.viewer.question_editor import QuestionEditor
from napari_spatialmed.viewer.queue_panel import QueuePanel
from napari_spatialmed.viewer.remark_line import RemarkLine
from napari_spatialmed.viewer.review_panel import ReviewPanel
from napari_spatialmed.viewer.saved_changes import SavedChanges
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Work


class CuratePanel(QWidget):
    """The parts; they only emit signals, and the dock joins them."""

    def __init__(self, session: Session, changes: SavedChanges, checking: Work) -> None:
        super().__init__()
        self.bar = BenchmarkBar(session)
        self.queue = QueuePanel()
        self.editor = QuestionEditor()
        self.checks = QuestionChecks()
        self.review = ReviewPanel()
        self.remark_line = RemarkLine(session, changes)
        self.others = PlainLabel()
        self.message = MessageLine()
        self.buttons = CurateButtons(keeps_time=recall("time_per_item", False))
        # Else napari pushes the parts up and leaves the room below them empty.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        layout = scrolling_layout(self)
        for part in (
            self.bar,
            self.queue,
            BusyBar(session.opening),
            BusyBar(checking),
            self.editor,
            self.checks,
        ):
            layout.addWidget(part)
        layout.setStretchFactor(self.queue, 1)
        for part in (self.review, self.message, self.buttons, self.remark_line, self.others, not_a_device()):
            layout.addWidget(part)
