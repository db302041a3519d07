"""Writing a question from scratch: the curator chooses form and structures, the answer and the options are computed."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import (
    FORMS,
    LETTERS,
    Question,
    UndecidableError,
    Verdict,
    build_question,
    check_question,
)
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, menu_text
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Job, Work

ANY = "(any)"


class NewQuestionDialog(QDialog):
    """Builds one question about the case on show and puts it into the benchmark."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._built: tuple[Question, list[Verdict]] | None = None
        self._work = Work(self)
        self.setWindowTitle("Write a question")
        self.form_box = QComboBox()
        self.form_box.setAccessibleName("Form")
        for form in FORMS.values():
            self.form_box.addItem(f"{form.task} · {form.title}", form.id)
        self.about = PlainLabel(quiet=True)
        self.structures = QListWidget()
        self.structures.setAccessibleName("Structures, in the order asked")
        self.structures.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.choices: dict[str, QComboBox] = {}
        self.choices_form = QFormLayout()
        self.variant = QSpinBox()
        self.variant.setRange(0, 9999)
        self.variant.setToolTip("Another number gives other words, options and order.")
        self.preview = PlainLabel()
        self.message = MessageLine()
        self.busy = BusyBar(self._work)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.add_button = buttons.addButton("Add to the benchmark", QDialogButtonBox.ButtonRole.AcceptRole)
        form_layout = QFormLayout()
        form_layout.addRow("Form", self.form_box)
        form_layout.addRow(self.about)
        form_layout.addRow("Structures", self.structures)
        form_layout.addRow(self.choices_form)
        form_layout.addRow("Variant", self.variant)
        layout = QVBoxLayout(self)
        layout.addLayout(form_layout)
        layout.addWidget(self.preview, 1)
        layout.addWidget(self.busy)
        layout.addWidget(self.message)
        layout.addWidget(buttons)
        self.resize(520, 640)
        framed(self)
        self._fill_structures()
        self.form_box.currentIndexChanged.connect(self._form_chosen)
        self.structures.itemChanged.connect(self.build)
        self.variant.valueChanged.connect(self.build)
        self._work.returned.connect(self._built_one)
        self._work.failed.connect(self._cannot)
        self.add_button.clicked.connect(self.add)
        buttons.rejected.connect(self.reject)
        self._form_chosen()

    def _fill_structures(self) -> None:
        """The selected structures first, in their order, ticked; then the others."""
        case = self.session.case
        assert case is not None
        selected = self.session.selection
        for name in (*selected, *(s.name for s in case if s.name not in selected)):
            item = QListWidgetItem(menu_text(case[name].title))
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if name in selected else Qt.CheckState.Unchecked)
            self.structures.addItem(item)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the ticked structures."""
        items = [self.structures.item(n) for n in range(self.structures.count())]
        return tuple(
            i.data(Qt.ItemDataRole.UserRole)
            for i in items
            if i is not None and i.checkState() == Qt.CheckState.Checked
        )

    def _form_chosen(self) -> None:
        form = FORMS[self.form_box.currentData()]
        least, most = form.takes.least, form.takes.most
        count = f"{least}" if least == most else f"{least} to {most}"
        self.about.setText(f"{form.description} Takes {count} structure{'s' if most != 1 else ''}.")
        while self.choices_form.rowCount():
            self.choices_form.removeRow(0)
        self.choices.clear()
        for name, values in form.choices.items():
            box = QComboBox()
            box.addItem(ANY, None)
            for value in values:
                box.addItem(str(value), value)
            box.currentIndexChanged.connect(self.build)
            self.choices[name] = box
            self.choices_form.addRow(name, box)
        self.build()

    def build(self) -> None:
        """Compute the question as chosen."""
        geometry = self.session.geometry
        self._built = None
        self.add_button.setEnabled(False)
        if geometry is None or not self.chosen:
            self.preview.setText("Tick the structures.")
            return
        params = {
            name: box.currentData() for name, box in self.choices.items() if box.currentData() is not None
        }
        self._work.run(
            "Computing",
            _build,
            geometry,
            self.form_box.currentData(),
            self.chosen,
            params,
            self.variant.value(),
            self.session.reviewer,
        )

    def _built_one(self, built: tuple[Question, list[Verdict]]) -> None:
        question, verdicts = self._built = built
        lines = [question.stem]
        lines += [
            f"{'→ ' if question.answer == letter else '   '}{letter}. {text}"
            for letter, text in zip(LETTERS, question.options, strict=False)
        ]
        if question.is_open:
            lines.append(f"→ {question.answer_text}")
        self.preview.setText("\n".join(lines))
        broken = [v for v in verdicts if v.passed is False]
        self.message.say("\n".join(f"{v.rule}: {v.reason}" for v in broken), "warning")
        self.add_button.setEnabled(not broken)

    def _cannot(self, error: SpatialMedError) -> None:
        self.preview.setText("")
        self.message.say(str(error), "warning")

    def add(self) -> None:
        """Put it into the benchmark."""
        benchmark, case = self.session.benchmark, self.session.case
        if self._built is None or benchmark is None or case is None:
            return
        question, verdicts = self._built
        try:
            benchmark.register_case(case)
            benchmark.propose(question, verdicts)
        except SpatialMedError as error:
            self.message.fail(error)
            return
        self.session.benchmark_changed.emit()
        self.session.set_question(question.id)
        self.accept()


def _build(
    job: Job,
    geometry: CaseGeometry,
    form: str,
    structures: tuple[str, ...],
    params: dict,
    seed: int,
    curator: str,
) -> tuple[Question, list[Verdict]]:
    try:
        question = build_question(
            geometry,
            form,
            structures,
            params=params,
            seed=seed,
            provenance={"proposer": "curator", "curator": curator},
        )
    except UndecidableError as error:
        raise SpatialMedError(str(error)) from None
    return question, check_question(question, geometry)
