"""Importing questions: first what would be added, what would change and what can't be taken; nothing is written before."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from napari_spatialmed.benchmark import Benchmark, BenchmarkError, ImportPlan, State, import_, plan_import
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, shown
from napari_spatialmed.viewer.work import Job, Work

FILTER = "Questions (*.jsonl *.json *.csv *.parquet)"
_LISTED = 200
"""So many of each kind are listed; the counts are of all."""


def plan_text(plan: ImportPlan) -> str:
    """The dry run, in words."""
    lines = [f"Added: {len(plan.added)}"]
    lines += [f"  + {q.id}  {q.task}  {q.stem}" for q in plan.added[:_LISTED]]
    lines.append(f"Changed: {len(plan.changed)}")
    lines += [f"  ~ {c.question}  {', '.join(c.fields)}" for c in plan.changed[:_LISTED]]
    lines.append(f"Unchanged: {plan.unchanged}")
    lines.append(f"Invalid: {len(plan.invalid)}")
    lines += [f"  ✗ row {row}: {reason}" for row, reason in plan.invalid[:_LISTED]]
    return "\n".join(shown(line.replace("\n", " ")) for line in lines)


class ImportDialog(QDialog):
    """Shows the dry run of one file; emits ``imported(text)`` once it was written."""

    imported = Signal(str)

    def __init__(self, benchmark: Benchmark, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._benchmark = benchmark
        self.plan: ImportPlan | None = None
        self._work = Work(self)
        self.setWindowTitle(f"Import {path.name}")
        self.summary = PlainLabel("Reading …")
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.report.setAccessibleName("What the import would do")
        self.with_changes = QCheckBox(
            "Take the changed ones too, as new revisions (their scores become stale)"
        )
        self.with_changes.setVisible(False)
        self.message = MessageLine()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.import_button = buttons.addButton("Import", QDialogButtonBox.ButtonRole.AcceptRole)
        self.import_button.setEnabled(False)
        layout = QVBoxLayout(self)
        for widget in (
            self.summary,
            self.report,
            BusyBar(self._work),
            self.with_changes,
            self.message,
            buttons,
        ):
            layout.addWidget(widget)
        layout.setStretchFactor(self.report, 1)
        self.resize(620, 460)
        framed(self)
        self._work.returned.connect(self._planned)
        self._work.failed.connect(self._could_not)
        self.with_changes.toggled.connect(self._enable)
        self.import_button.clicked.connect(self.import_all)
        buttons.rejected.connect(self.reject)
        self._work.run("Reading the file", _plan, path, benchmark.state)

    def _planned(self, plan: ImportPlan) -> None:
        self.plan = plan
        unverified = f", {plan.unverified} of them without an answer key" if plan.unverified else ""
        self.summary.setText(
            f"Nothing is written yet. {len(plan.added)} would be added{unverified}, {len(plan.changed)} differ from what is here, "
            f"{plan.unchanged} are here as they are, {len(plan.invalid)} can't be taken."
        )
        self.report.setPlainText(plan_text(plan))
        self.with_changes.setVisible(bool(plan.changed))
        self._enable()

    def _could_not(self, error: BenchmarkError) -> None:
        self.summary.setText("Nothing was imported.")
        self.message.fail(error)

    def _enable(self) -> None:
        plan = self.plan
        self.import_button.setEnabled(
            plan is not None and bool(plan.added or (plan.changed and self.with_changes.isChecked()))
        )

    def import_all(self) -> None:
        """Write what the dry run shows."""
        plan, changes = self.plan, self.with_changes.isChecked()
        if plan is None:
            return
        try:
            import_(plan, self._benchmark, with_changes=changes)
        except BenchmarkError as error:
            self.message.fail(error)
            return
        changed = len(plan.changed) if changes else 0
        self.imported.emit(f"Imported from {plan.source}: {len(plan.added)} added, {changed} changed.")
        self.accept()


def _plan(job: Job, path: Path, state: State) -> ImportPlan:
    return plan_import(path, state)
