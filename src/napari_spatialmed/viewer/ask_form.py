"""The upper part of the Ask dock: which model, which question, which pictures, which way of asking."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QPlainTextEdit, QWidget

from napari_spatialmed.benchmark import QuestionState
from napari_spatialmed.evaluation import ARMS, LAYOUTS, Arm, Layout
from napari_spatialmed.llm import Endpoint
from napari_spatialmed.questions import LETTERS, Question
from napari_spatialmed.viewer.endpoint_chooser import EndpointChooser, fit
from napari_spatialmed.viewer.messages import PlainLabel, menu_text
from napari_spatialmed.viewer.session import Session

LAYOUT_TITLES: dict[Layout, str] = {
    "orthogonal": "Three orthogonal planes",
    "plane": "One plane",
    "montage": "Montage of planes",
    "frames": "Planes as separate pictures",
    "surface3d": "3D surfaces",
}
ARM_TITLES: dict[Arm, str] = {
    "normal": "Normal: question and pictures",
    "blind": "Blind: no picture",
    "oracle": "Oracle: the measured facts are given",
    "circular": "Circular: under every order of the options",
}
FREE = "(your own question, below)"


class AskForm(QWidget):
    """Emits ``question_chosen``, ``pictures_chosen`` where other pictures are needed, and ``changed`` for the rest."""

    question_chosen = Signal()
    pictures_chosen = Signal()
    changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chooser = EndpointChooser(session)
        self.all_box = QCheckBox("Ask all models of this list")
        self.all_box.setToolTip("Side by side: the same question and pictures to each of them.")
        self.question_box, self.layout_box, self.arm_box = QComboBox(), QComboBox(), QComboBox()
        for box, name in (
            (self.question_box, "Question"),
            (self.layout_box, "Pictures"),
            (self.arm_box, "Way of asking"),
        ):
            box.setAccessibleName(name)
            fit(box)
        for layout_key in LAYOUTS:
            self.layout_box.addItem(LAYOUT_TITLES[layout_key], layout_key)
        self.layout_box.setCurrentIndex(self.layout_box.findData("orthogonal"))
        for arm in ARMS:
            self.arm_box.addItem(ARM_TITLES[arm], arm)
        self.outlines_box = QCheckBox("Outline the structures")
        self.outlines_box.setToolTip("Shows the model where they are: tests reasoning instead of finding.")
        self.question_text = PlainLabel()
        self.free_text = QPlainTextEdit()
        self.free_text.setPlaceholderText("Type a question about the selected structures")
        self.free_text.setAccessibleName("Your own question")
        self.free_text.setFixedHeight(54)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Model", self.chooser)
        form.addRow("", self.all_box)
        form.addRow("Question", self.question_box)
        form.addRow(self.question_text)
        form.addRow(self.free_text)
        form.addRow("Pictures", self.layout_box)
        form.addRow("", self.outlines_box)
        form.addRow("Asked", self.arm_box)
        self.question_box.currentIndexChanged.connect(self.question_chosen)
        self.layout_box.currentIndexChanged.connect(self.pictures_chosen)
        self.outlines_box.toggled.connect(self.pictures_chosen)
        self.arm_box.currentIndexChanged.connect(self.changed)
        self.free_text.textChanged.connect(self.changed)
        self.all_box.toggled.connect(self.changed)
        self.chooser.changed.connect(self._models_changed)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The models to ask: the chosen one first."""
        chosen = self.chooser.endpoint
        if chosen is None:
            return ()
        if self.all_box.isHidden() or not self.all_box.isChecked():
            return (chosen,)
        return (chosen, *(other for other in self.chooser.all if other != chosen))

    @property
    def typed(self) -> str:
        """The question in the user's own words."""
        return self.free_text.toPlainText().strip()

    @property
    def layout_key(self) -> Layout:
        """Which pictures."""
        chosen: Layout = self.layout_box.currentData()
        return chosen

    @property
    def arm(self) -> Arm:
        """Which way of asking."""
        chosen: Arm = self.arm_box.currentData()
        return chosen

    def list_questions(self, states: Sequence[QuestionState], at_hand: str | None) -> None:
        """Offer these questions, the one at hand chosen, and typing one."""
        self.question_box.blockSignals(True)
        self.question_box.clear()
        for number, state in enumerate(states, 1):
            question = state.question
            self.question_box.addItem(menu_text(f"{number} · {question.task} · {question.stem}"), state.id)
            self.question_box.setItemData(number - 1, question.stem, Qt.ItemDataRole.ToolTipRole)
        self.question_box.addItem(FREE, None)
        self.question_box.setCurrentIndex(max(0, self.question_box.findData(at_hand)) if at_hand else 0)
        self.question_box.blockSignals(False)

    def choose_question(self, question: str | None) -> None:
        """Turn to a question, if it is in the list."""
        index = self.question_box.findData(question)
        if question is not None and index >= 0:
            self.question_box.setCurrentIndex(index)

    def show_question(self, question: Question | None) -> None:
        """Show a question's words, or the field to type one."""
        self.free_text.setVisible(question is None)
        self.question_text.setVisible(question is not None)
        self.arm_box.setEnabled(question is not None)
        if question is not None:
            options = "\n".join(
                f"{letter}. {text}" for letter, text in zip(LETTERS, question.options, strict=False)
            )
            self.question_text.setText(f"{question.stem}\n{options}".strip())

    def _models_changed(self) -> None:
        self.all_box.setVisible(len(self.chooser.all) > 1)
        self.changed.emit()
