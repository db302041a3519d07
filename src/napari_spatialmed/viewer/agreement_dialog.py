"""How far the reviewers agree: scores, Krippendorff's α with its interval, pairs of reviewers, tasks, and what was left out."""

from __future__ import annotations

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from napari_spatialmed.benchmark import Benchmark, State
from napari_spatialmed.benchmark.agreement import Agreement, Alpha, agreement
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.messages import MessageLine, PlainLabel, not_a_device, shown
from napari_spatialmed.viewer.work import Job, Work

HATCHES = {0: "", 1: "//", 2: ".."}
"""Scores are told apart by hatching as well as by colour."""
COLORS = {0: "#d55e00", 1: "#f0e442", 2: "#009e73"}


class AgreementDialog(QDialog):
    """Computes in the background, then shows figure and table."""

    def __init__(self, benchmark: Benchmark, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Agreement of the reviewers")
        self._work = Work(self)
        self.figure = Figure(figsize=(6, 2.6), layout="constrained")
        self.canvas = FigureCanvasQTAgg(self.figure)
        self.summary = PlainLabel()
        self.table = QTableWidget(0, 5)
        self.table.setHorizontalHeaderLabels(["", "α (ordinal)", "95 % interval", "n used", "left out"])
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.message = MessageLine()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (
            self.summary,
            self.canvas,
            self.table,
            BusyBar(self._work),
            self.message,
            not_a_device(),
            buttons,
        ):
            layout.addWidget(widget)
        layout.setStretchFactor(self.canvas, 1)
        layout.setStretchFactor(self.table, 1)
        self.resize(640, 640)
        framed(self)
        self._work.returned.connect(self._show)
        self._work.failed.connect(self.message.fail)
        self._work.run("Computing agreement", _compute, benchmark.state)

    def _show(self, found: Agreement) -> None:
        self.summary.setText(f"Overall: {_alpha_text(found.overall)}")
        axes = self.figure.subplots()
        names = list(found.reviewers)
        left = [0] * len(names)
        for score in (0, 1, 2):
            counts = [found.reviewers[name].distribution.get(score, 0) for name in names]
            axes.barh(
                names,
                counts,
                left=left,
                height=0.6,
                color=COLORS[score],
                hatch=HATCHES[score],
                edgecolor="#222222",
                label=str(score),
            )
            left = [a + b for a, b in zip(left, counts, strict=True)]
        axes.set_xlabel("questions scored")
        axes.set_ylim(-0.8, max(len(names), 3) - 0.2)
        if names:
            axes.legend(title="score", ncols=3, loc="upper right")
        else:
            axes.text(0.5, 0.5, "Nobody has submitted a review yet", ha="center", transform=axes.transAxes)
            axes.set_axis_off()
        self.canvas.draw_idle()
        rows = [
            ("all", found.overall),
            *found.tasks.items(),
            *((f"{a} × {b}", alpha) for (a, b), alpha in found.pairs.items()),
        ]
        self.table.setRowCount(len(rows))
        for row, (name, alpha) in enumerate(rows):
            for column, text in enumerate((name, *_alpha_cells(alpha))):
                self.table.setItem(row, column, QTableWidgetItem(shown(text)))
        self.table.resizeColumnsToContents()


def _alpha_cells(alpha: Alpha) -> tuple[str, str, str, str]:
    value = alpha.why if alpha.value is None else f"{alpha.value:.3f}"
    interval = "" if alpha.low is None or alpha.high is None else f"{alpha.low:.2f} to {alpha.high:.2f}"
    return value, interval, str(alpha.n_used), str(alpha.n_left_out)


def _alpha_text(alpha: Alpha) -> str:
    value, interval, used, left_out = _alpha_cells(alpha)
    return (
        f"α = {value}"
        + (f" (95 % interval {interval})" if interval else "")
        + f"; {used} questions used, {left_out} left out."
    )


def _compute(job: Job, state: State) -> Agreement:
    return agreement(state)
