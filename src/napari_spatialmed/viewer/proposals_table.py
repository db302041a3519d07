"""What the team put forward: one row a proposal, with where it ended and why."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_spatialmed.agents import Proposal
from napari_spatialmed.viewer.frames import set_widths
from napari_spatialmed.viewer.history_dialog import question_text
from napari_spatialmed.viewer.messages import shown

COLUMNS = ("", "Task", "Proposal", "Why")


class ProposalsTable(QTableWidget):
    """Emits ``chosen(proposal)`` as the selection moves."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.proposals: list[Proposal] = []
        self._only_accepted = False
        self.setHorizontalHeaderLabels(list(COLUMNS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setWordWrap(False)
        self.setAccessibleName("Proposals")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        header = self.horizontalHeader()
        set_widths(self, {0: 26, 1: 62, 3: 120})
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(120)
        self.currentCellChanged.connect(self._moved)

    def reset(self) -> None:
        """Forget all."""
        self.proposals.clear()
        self.setRowCount(0)

    def add(self, proposal: Proposal) -> None:
        """One more."""
        row = len(self.proposals)
        self.proposals.append(proposal)
        self.insertRow(row)
        self._fill(row, proposal)
        self.setRowHidden(row, self._only_accepted and proposal.state != "accepted")
        if self.currentRow() < 0:
            self.scrollToBottom()

    def choose_accepted(self, among: Iterable[Proposal]) -> None:
        """Go to the first accepted one of a run."""
        ours = [p for p in among if p.state == "accepted"]
        if ours:
            self.setCurrentCell(self.proposals.index(ours[0]), 2)

    def show_only_accepted(self, only: bool) -> None:
        """Hide what was turned down."""
        self._only_accepted = only
        for row, proposal in enumerate(self.proposals):
            self.setRowHidden(row, only and proposal.state != "accepted")

    def _fill(self, row: int, proposal: Proposal) -> None:
        accepted = proposal.state == "accepted"
        idea = proposal.idea
        text = proposal.question.stem if proposal.question else f"{idea.form}: {', '.join(idea.structures)}"
        why = "accepted" if accepted else f"{proposal.rule or proposal.stage}: {proposal.reason}"
        for column, cell in enumerate(("✓" if accepted else "✗", proposal.task, text, why)):
            item = QTableWidgetItem(shown(cell).replace("\n", " "))
            item.setToolTip(shown(cell if column else proposal.state))
            self.setItem(row, column, item)

    def _moved(self, row: int, _column: int, _before_row: int, _before_column: int) -> None:
        if 0 <= row < len(self.proposals):
            self.chosen.emit(self.proposals[row])


def proposal_text(proposal: Proposal) -> str:
    """The question, its answer, and what every member said of it."""
    lines = []
    if proposal.question is not None:
        lines.append(question_text(proposal.question))
        if proposal.question.rationale:
            lines.append(f"Why: {proposal.question.rationale}")
    else:
        lines.append(f"No question came of it: {proposal.reason}")
    lines.append("")
    for verdict in proposal.verdicts:
        mark = {True: "✓", False: "✗", None: "?"}[verdict.passed]
        lines.append(f"{mark} {verdict.rule or verdict.member}: {verdict.reason}")
    return "\n".join(lines)


def messages_text(proposal: Proposal) -> str:
    """Prompts, replies and passages, as they were."""
    parts = [f"[{m.member} · {m.kind}]\n{m.text}" for m in proposal.messages]
    return "\n\n".join(parts) or "Nothing was exchanged."
