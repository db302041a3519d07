"""The Curate dock: a reviewer's queue, the question editable in place, evidence in the scene, scores; saved as it happens."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.benchmark import BenchmarkError, Event, QuestionState, visible_to
from napari_spatialmed.case import CaseLibrary
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import Question, Recomputed, Verdict, check_question, check_text, recompute
from napari_spatialmed.viewer.agreement_dialog import AgreementDialog
from napari_spatialmed.viewer.benchmark_bar import BenchmarkBar
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.evidence import show_evidence
from napari_spatialmed.viewer.history_dialog import HistoryDialog
from napari_spatialmed.viewer.keys import bind, is_typing, key_text, show_keys
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, not_a_device
from napari_spatialmed.viewer.new_question_dialog import NewQuestionDialog
from napari_spatialmed.viewer.question_editor import QuestionEditor
from napari_spatialmed.viewer.queue_table import FILTERS, QueueModel
from napari_spatialmed.viewer.review_panel import CANNOT_JUDGE, ReviewPanel, review_line
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.stale_watch import StaleWatch
from napari_spatialmed.viewer.work import Job, Work

EMPTY = (
    "No questions to review yet. Let the team propose some (Propose dock), write one, or open a benchmark."
)


class CurateDock(QWidget):
    """Reviews and edits the questions of the session's benchmark, one at a time."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.session = session_for(napari_viewer)
        self._checking, self._recomputing = Work(self), Work(self)
        self.watch = StaleWatch(self.session, self)
        self._build()
        self._connect()
        bind(self, self._actions())
        self.reload()

    # ---- what it looks like

    def _build(self) -> None:
        self.bar = BenchmarkBar(self.session)
        self.filter_box, self.search = QComboBox(), QLineEdit()
        self.filter_box.addItems(list(FILTERS))
        self.filter_box.setAccessibleName("Which questions to list")
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search the questions")
        self.search.setClearButtonEnabled(True)
        self.counts = PlainLabel(quiet=True)
        self.model = QueueModel()
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Questions")
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.table.setSortingEnabled(True)
        self.table.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.setWordWrap(False)
        self.table.setMinimumHeight(120)
        header = self.table.horizontalHeader()
        for column, width in ((0, 26), (1, 62), (3, 62)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.editor = QuestionEditor()
        self.checks = PlainLabel()
        self.truth = PlainLabel(quiet=True)
        self.review = ReviewPanel()
        self.others = PlainLabel()
        self.message = MessageLine()
        self.opening_bar = BusyBar(self.session.opening)
        self.recompute_bar = BusyBar(self._recomputing)
        self.buttons = {
            name: QPushButton(text)
            for name, text in (
                ("evidence", "Evidence"),
                ("recompute", "Recompute"),
                ("history", "History"),
                ("flag", "Flag"),
                ("skip", "Skip"),
                ("undo", "Undo"),
                ("redo", "Redo"),
                ("keys", "Keys ?"),
            )
        }
        self.settle_button = QPushButton("Adjudicate…")
        self.write_button = QPushButton("Write a question…")
        self.agreement_button = QPushButton("Agreement…")
        find_row = QHBoxLayout()
        find_row.addWidget(self.filter_box)
        find_row.addWidget(self.search, 1)
        grid = QGridLayout()
        grid.setSpacing(3)
        for n, (name, button) in enumerate(self.buttons.items()):
            button.setToolTip(f"Key {key_text(name)}")
            grid.addWidget(button, n // 4, n % 4)
        last_row = QHBoxLayout()
        for button in (self.write_button, self.settle_button, self.agreement_button):
            last_row.addWidget(button)
        layout = QVBoxLayout(self)
        for part in (
            self.bar,
            find_row,
            self.table,
            self.counts,
            self.opening_bar,
            self.editor,
            self.checks,
            self.truth,
            self.recompute_bar,
        ):
            layout.addLayout(part) if isinstance(part, QHBoxLayout) else layout.addWidget(part)
        layout.setStretchFactor(self.table, 1)
        layout.addLayout(grid)
        layout.addWidget(self.review)
        layout.addWidget(self.message)
        layout.addWidget(self.others)
        layout.addLayout(last_row)
        layout.addWidget(not_a_device())

    def _connect(self) -> None:
        session = self.session
        session.benchmark_changed.connect(self.reload)
        session.case_changed.connect(self._on_case)
        session.question_changed.connect(self._on_question)
        session.opening.failed.connect(self.message.fail)
        self.watch.checked.connect(self._labels_checked)
        self.watch.failed.connect(self.message.fail)
        self.filter_box.currentIndexChanged.connect(self._refilter)
        self.search.textChanged.connect(self._refilter)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self.editor.left.connect(self._field_left)
        self.editor.typed.connect(self._typed)
        self.review.submitted.connect(self.submit)
        self.review.changed.connect(self._draft_changed)
        self._checking.returned.connect(self._checked)
        self._recomputing.returned.connect(self._recomputed)
        self._recomputing.failed.connect(self.message.fail)
        self.settle_button.clicked.connect(self.adjudicate)
        self.write_button.clicked.connect(self.write_question)
        self.agreement_button.clicked.connect(self.show_agreement)
        for name, action in self._actions().items():
            if name in self.buttons:
                self.buttons[name].clicked.connect(action)

    def _actions(self) -> dict:
        return {
            "score_0": self.score_0,
            "score_1": self.score_1,
            "score_2": self.score_2,
            "cannot_judge": self.cannot_judge,
            "submit": self._submit_key,
            "next": self.next,
            "previous": self.previous,
            "edit": self.edit,
            "flag": self.flag,
            "comment": self.comment,
            "evidence": self.evidence,
            "recompute": self.recompute,
            "history": self.history,
            "skip": self.skip,
            "leave": self.leave,
            "undo": self.undo,
            "redo": self.redo,
            "keys": self.keys,
        }

    # ---- the queue

    def open_benchmark(self, path: Path) -> None:
        """Open a benchmark file and resume."""
        self.bar.open(path)

    @property
    def state(self) -> QuestionState | None:
        """The question at hand with its history."""
        benchmark, chosen = self.session.benchmark, self.session.question
        return None if benchmark is None or chosen is None else benchmark.state.questions.get(chosen)

    @property
    def reviewer(self) -> str:
        """Under whose name the file is open."""
        return self.session.benchmark.actor if self.session.benchmark is not None else ""

    def reload(self) -> None:
        """Read the queue anew; resume at the first question to do if none is at hand."""
        benchmark = self.session.benchmark
        self.model.load(None if benchmark is None else benchmark.state, self.reviewer)
        counts = self.model.counts()
        total = sum(counts.values())
        done = counts["scored"]
        self.counts.setText(
            EMPTY
            if not total
            else f"{done} of {total} scored"
            + "".join(f" · {counts[s]} {s}" for s in ("draft", "skipped", "stale", "conflict") if counts[s])
        )
        for widget in (self.table, self.editor, self.review):
            widget.setVisible(bool(total))
        if self.state is None and total:
            first = next((r for r in self.model.rows if r.state in FILTERS["To do"]), None)
            self.session.set_question(first.question if first else None)
        self._select_row()
        self._show()

    def _refilter(self) -> None:
        self.model.filter(FILTERS[self.filter_box.currentText()], self.search.text())
        self._select_row()

    def _select_row(self) -> None:
        row = self.model.row_of(self.session.question)
        selection = self.table.selectionModel()
        selection.blockSignals(True)
        if row >= 0:
            self.table.selectRow(row)
            self.table.scrollTo(self.model.index(row, 0))
        else:
            self.table.clearSelection()
        selection.blockSignals(False)
        self.table.viewport().update()

    def _row_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self._turn_to(self.model.rows[current.row()].question)

    def _turn_to(self, question: str) -> None:
        self.editor.commit()
        self._keep_draft()
        self.session.set_question(question)

    def next(self) -> None:
        """Go to the next question of the list."""
        self._step(1)

    def previous(self) -> None:
        """Go to the previous question of the list."""
        self._step(-1)

    def _step(self, by: int) -> None:
        rows = self.model.rows
        if rows:
            here = self.model.row_of(self.session.question)
            self._turn_to(rows[max(0, min(len(rows) - 1, here + by))].question)

    def _next_to_do(self) -> None:
        rows = self.model.rows
        here = self.model.row_of(self.session.question)
        ahead = rows[here + 1 :] + rows[: max(here, 0)]
        following = next((r for r in ahead if r.state in FILTERS["To do"]), None)
        if following is None:
            self.reload()
            self.message.say("Nothing left to do in this list.", "good")
        else:
            self.session.set_question(following.question)
            self.reload()

    # ---- the question at hand

    def _on_question(self, _question: str | None) -> None:
        self._select_row()
        self._show()
        state, case = self.state, self.session.case
        if state is None:
            return
        if case is None or case.id != state.case:
            self._open_case(state.case)
        else:
            self.evidence()

    def _on_case(self) -> None:
        self._show()
        state = self.state
        if state is not None and self.session.case is not None and self.session.case.id == state.case:
            self.evidence()

    def _open_case(self, case_id: str) -> None:
        if CaseLibrary().files(case_id) is None:
            self.message.say(
                f"The scan of this question ({case_id}) was never opened on this machine. Open it in the Case dock; it is recognised by its content.",
                "warning",
            )
        elif not self.session.opening.running:
            self.session.open_known_async(case_id)

    def _show(self) -> None:
        state = self.state
        if state is None:
            self.editor.show_question(None)
            self.checks.setText("")
            self.truth.setText("")
            self.others.setText("")
            self.review.setEnabled(False)
            return
        seen = visible_to(self.reviewer, state)
        question = seen.question
        note = " · ".join(
            filter(
                None,
                [
                    question.task,
                    question.key.form,
                    f"revision {seen.revision}",
                    state.stale_reason and f"⟳ {state.stale_reason}",
                ],
            )
        )
        self.editor.show_question(question, note)
        self.editor.setEnabled(not state.conflict)
        self.review.setEnabled(not state.conflict)
        own = seen.own
        draft = state.draft(self.reviewer)
        if draft is not None:
            said = draft.payload
            self.review.show_review(said.score, said.reasons, said.comment, chosen=said.score is not None)
        elif own is not None and not own.stale:
            self.review.show_review(own.score, own.reasons, own.comment, chosen=True)
        else:
            self.review.show_review(None, (), "", chosen=False)
        self.others.setText(self._others_text(state))
        self.truth.setText("")
        self.settle_button.setEnabled(not seen.blind or bool(state.conflict))
        self._check(question)

    def _others_text(self, state: QuestionState) -> str:
        seen = visible_to(self.reviewer, state)
        lines = []
        if state.conflict:
            lines.append("⚠ Two people edited the same revision. Choose one: Adjudicate….")
        if seen.own is not None and seen.own.stale:
            lines.append(f"⟳ Your score is {seen.own.stale}")
        lines += [f"⚑ {flag.author}: {flag.text or 'flagged'}" for flag in seen.flags]
        lines += [f"{remark.author}: “{remark.text}”" for remark in seen.comments]
        if seen.blind:
            lines.append("Others' scores and the models' votes show after you have submitted.")
        else:
            lines += [review_line(r) for r in seen.reviews if r.reviewer != self.reviewer]
            lines.append(
                f"Status: {state.status}. "
                + " ".join(f"{v.member}: {v.reason}" for v in seen.verdicts if v.passed is not True)
            )
        return "\n".join(line for line in lines if line.strip())

    # ---- checks

    def _typed(self, question: Question) -> None:
        """While typing: what needs no labels at once, the rest in the background."""
        self._say_checks(check_text(question))
        self._check(question)

    def _check(self, question: Question) -> None:
        geometry = self.session.geometry
        if question.key.form == "imported":
            self.checks.setText("Imported without an answer key: the answer can't be recomputed.")
        elif geometry is not None and geometry.case.id == question.case:
            self._checking.run("Checking rules", _check, geometry, question)
        else:
            self._say_checks(check_text(question))

    def _checked(self, verdicts: list[Verdict]) -> None:
        self._say_checks(verdicts)

    def _say_checks(self, verdicts: list[Verdict]) -> None:
        broken = [v for v in verdicts if v.passed is False]
        text = "\n".join(f"✗ {v.rule}: {v.reason}" for v in broken)
        self.checks.setText(text or f"✓ {len(verdicts)} rule checks passed")

    # ---- changes, each saved when made

    def _saved(self, event: Event | None) -> None:
        if event is not None:
            local = datetime.fromisoformat(event.time).astimezone()
            self.message.say(f"Saved · {local:%H:%M:%S}", "good")

    def _field_left(self, field: str, value: object) -> None:
        state, benchmark = self.state, self.session.benchmark
        if (
            state is None
            or benchmark is None
            or self.editor.question is None
            or self.editor.question.id != state.id
        ):
            return
        try:
            event = benchmark.edit(state.id, field, value)
        except BenchmarkError as error:
            self.message.fail(error)
            return
        if event is not None:
            self._changed(event)

    def _changed(self, event: Event | None) -> None:
        self._saved(event)
        self.session.benchmark_changed.emit()

    def _try(self, change: str, *values: object) -> bool:
        """Call a verb of the benchmark; say how it went."""
        benchmark = self.session.benchmark
        if benchmark is None:
            self.message.say("Open or create a benchmark first.", "warning")
            return False
        try:
            event = getattr(benchmark, change)(*values)
        except BenchmarkError as error:
            self.message.fail(error)
            return False
        self._changed(event)
        return True

    def score_0(self) -> None:
        """Choose 0."""
        self._choose(0)

    def score_1(self) -> None:
        """Choose 1."""
        self._choose(1)

    def score_2(self) -> None:
        """Choose 2."""
        self._choose(2)

    def cannot_judge(self) -> None:
        """Choose "cannot judge"."""
        self._choose(CANNOT_JUDGE)

    def _choose(self, number: int) -> None:
        if self.state is not None and self.review.isEnabled():
            self.review.choose(number)

    def submit(self) -> None:
        """Submit the review and go on."""
        state, benchmark = self.state, self.session.benchmark
        if state is None or benchmark is None:
            return
        if not self.review.has_choice:
            self.message.say("Choose 0, 1, 2 or “cannot judge” first.", "warning")
            return
        self.editor.commit()
        try:
            event = benchmark.review(
                state.id, self.review.score, self.review.reasons, self.review.comment.text().strip()
            )
        except BenchmarkError as error:
            self.message.fail(error)
            return
        self._saved(event)
        self.model.load(benchmark.state, self.reviewer)
        self._next_to_do()
        self._tell_others()

    def _tell_others(self) -> None:
        # The other docks count too; this one is up to date.
        self.session.benchmark_changed.disconnect(self.reload)
        self.session.benchmark_changed.emit()
        self.session.benchmark_changed.connect(self.reload)

    def _submit_key(self) -> None:
        if is_typing():
            self.leave()
        else:
            self.submit()

    def _draft_changed(self) -> None:
        self.message.clear()

    def _keep_draft(self) -> None:
        """What was chosen and not submitted is kept for when the question comes back."""
        state, benchmark = self.state, self.session.benchmark
        if (
            state is None
            or benchmark is None
            or not (self.review.has_choice or self.review.comment.text().strip())
        ):
            return
        own = visible_to(self.reviewer, state).own
        now = (self.review.score, self.review.reasons, self.review.comment.text().strip())
        if own is not None and not own.stale and (own.score, own.reasons, own.comment) == now:
            return
        draft = state.draft(self.reviewer)
        if draft is not None and (draft.payload.score, draft.payload.reasons, draft.payload.comment) == now:
            return
        try:
            benchmark.save_draft(state.id, *now)
        except BenchmarkError as error:
            self.message.fail(error)

    def edit(self) -> None:
        """Put the cursor into the stem."""
        self.editor.stem.setFocus()

    def leave(self) -> None:
        """Leave the text field; what changed is saved."""
        self.editor.commit()
        self.table.setFocus()

    def comment(self) -> None:
        """Put the cursor into the comment."""
        self.review.comment.setFocus()

    def flag(self) -> None:
        """Raise or lower one's flag."""
        state, benchmark = self.state, self.session.benchmark
        if state is None or benchmark is None:
            return
        raised = any(f.author == self.reviewer for f in state.flags)
        try:
            event = benchmark.flag(state.id, raised=not raised)
        except BenchmarkError as error:
            self.message.fail(error)
            return
        self._changed(event)

    def skip(self) -> None:
        """Put the question aside."""
        if self.state is not None and self._try("skip", self.state.id):
            self._next_to_do()

    def undo(self) -> None:
        """Take back one's last change."""
        self._try("undo")

    def redo(self) -> None:
        """Bring it back."""
        self._try("redo")

    # ---- looking closer

    def evidence(self) -> None:
        """Draw what the answer rests on."""
        state = self.state
        if state is not None:
            show_evidence(self.session, state.question)

    def recompute(self) -> None:
        """Compute the answer from the labels as they are, and show stored against now."""
        state, geometry = self.state, self.session.geometry
        if state is None:
            return
        if geometry is None or geometry.case.id != state.case:
            self.message.say("Open the question's scan first.", "warning")
        elif state.question.key.form == "imported":
            self.message.say(
                "This question was imported without an answer key: there is nothing to recompute.", "warning"
            )
        else:
            self._recomputing.run("Recomputing", _recompute, geometry, state.question)

    def _recomputed(self, result: tuple[Question, Recomputed]) -> None:
        question, now = result
        mark = "✓" if now.matches else "✗"
        text = f"{mark} stored {question.answer_text}, now {now.answer or 'undecidable'} (truth {now.truth}). {now.reason}"
        self.truth.setText(text)

    def history(self) -> None:
        """Show the question's history."""
        state = self.state
        if state is None:
            return
        dialog = HistoryDialog(state, blind=visible_to(self.reviewer, state).blind, parent=self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.restore.connect(self._restore)
        dialog.show()

    def _restore(self, version: str) -> None:
        if self.state is not None:
            self._try("restore", self.state.id, version)

    def adjudicate(self) -> None:
        """Decide a split or a conflict; a decision against the scores needs a note."""
        state = self.state
        if state is None:
            return
        if state.conflict:
            texts = [f"r{v.revision} by {v.event.actor}: {v.question.stem}" for v in state.conflict]
            chosen, ok = QInputDialog.getItem(
                self, "Two versions", "Which text shall stand?", texts, 0, False
            )
            if ok:
                self._try("resolve", state.id, state.conflict[texts.index(chosen)].id)
            return
        box = QMessageBox(self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle("Adjudicate")
        box.setText(f"Scores: {', '.join(map(str, state.scores)) or 'none'}. By the rule: {state.status}.")
        keep = box.addButton("Keep", QMessageBox.ButtonRole.AcceptRole)
        drop = box.addButton("Drop", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        if box.clickedButton() in (keep, drop):
            note, ok = QInputDialog.getText(
                self, "Adjudicate", "Why? (needed where it goes against the scores)"
            )
            if ok:
                self._try("adjudicate", state.id, box.clickedButton() is keep, note)

    def write_question(self) -> None:
        """Write a question from scratch: choose form and structures, the answer and options are computed."""
        if self.session.geometry is None or self.session.benchmark is None:
            self.message.say("Open a case and a benchmark first.", "warning")
            return
        dialog = NewQuestionDialog(self.session, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def show_agreement(self) -> None:
        """Show how far the reviewers agree."""
        if self.session.benchmark is None:
            self.message.say("Open a benchmark first.", "warning")
            return
        dialog = AgreementDialog(self.session.benchmark, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def keys(self) -> None:
        """Show the keys."""
        show_keys(self)

    def _labels_checked(self, right: tuple[str, ...], stale: tuple[str, ...]) -> None:
        if stale:
            self.message.say(
                f"Labels edited: {len(stale)} questions no longer hold and are stale; {len(right)} were recomputed and stand.",
                "warning",
            )
        elif right:
            self.message.say(f"Labels edited: {len(right)} answers recomputed, all stand.", "good")


def _check(job: Job, geometry: CaseGeometry, question: Question) -> list[Verdict]:
    try:
        return check_question(question, geometry)
    except SpatialMedError as error:
        return [Verdict(member="rules", rule="G2", passed=False, reason=str(error))]


def _recompute(job: Job, geometry: CaseGeometry, question: Question) -> tuple[Question, Recomputed]:
    return question, recompute(question, geometry)
