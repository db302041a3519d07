"""How a question came to be: who proposed it, with which model and prompt, what they looked up, what was said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from napari_spatialmed.benchmark import QuestionState, State
from napari_spatialmed.questions import Verdict
from napari_spatialmed.viewer.frames import framed
from napari_spatialmed.viewer.messages import PlainLabel, shown

_SENTENCE = 600
"""Prompts and replies are cut here; the benchmark file holds them whole."""


def provenance_text(state: QuestionState) -> str:
    """Everything the benchmark file holds of a proposal's origin, in words."""
    question = state.versions[0].question
    kept = dict(question.provenance)
    said = kept.pop("messages", [])
    lines = [f"{name.replace('_', ' ')}: {_short(value)}" for name, value in kept.items()]
    lines.append(f"labels: {question.segmentation}, sha256 {question.label_sha256[:16] or 'not recorded'}")
    lines.append("")
    lines += [
        f"{e.get('calculator', '?')}({', '.join(map(str, e.get('structures', ())))}) = {_short(e.get('value'))} {e.get('unit', '')}".rstrip()
        for e in question.evidence
    ]
    for message in said if isinstance(said, Sequence) and not isinstance(said, str) else ():
        if isinstance(message, Mapping):
            lines += ["", *_message_lines(message)]
    lines += ["", "Verdicts", *(_verdict_line(v) for v in state.verdicts)]
    return "\n".join(lines)


def edited_share(state: State) -> tuple[int, int]:
    """How many proposals of the team reached the reviewers, and how many of those were edited since."""
    proposed = [
        q
        for q in state.questions.values()
        if q.status != "rejected" and q.versions[0].question.provenance.get("proposer") != "curator"
    ]
    return len(proposed), sum(q.current.content != q.versions[0].content for q in proposed)


def _message_lines(message: Mapping[str, Any]) -> list[str]:
    data = message.get("data") or {}
    head = f"{message.get('member', '?')} · {message.get('kind', '')}"
    facts = [f"{name.replace('_', ' ')} {_short(value)}" for name, value in data.items()]
    text = str(message.get("text", ""))
    return [head, *facts, text if len(text) <= _SENTENCE else text[:_SENTENCE] + " …"]


def _verdict_line(verdict: Verdict) -> str:
    mark = {True: "✓", False: "✗", None: "?"}[verdict.passed]
    return f"{mark} {verdict.member} {verdict.rule}: {verdict.reason}".replace(" :", ":")


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 200 else text[:200] + " …"


class ProvenanceDialog(QDialog):
    """To be read and copied; opened only once the reviewer has scored (rule H1)."""

    def __init__(self, state: QuestionState, whole: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Provenance of {state.id}")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Provenance")
        self.text.setPlainText("\n".join(shown(line) for line in provenance_text(state).split("\n")))
        proposed, edited = edited_share(whole)
        share = f" ({edited / proposed:.0%})" if proposed else ""
        self.share = PlainLabel(
            f"{edited} of the team's {proposed} proposals were edited{share}.", quiet=True
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.share)
        layout.addWidget(buttons)
        self.resize(620, 520)
        framed(self)
