"""One reviewer's review of the question at hand: shown again when it comes back, kept as a draft, submitted with the time it took."""

from __future__ import annotations

from typing import NamedTuple

from qtpy.QtCore import QObject

from napari_spatialmed.benchmark import QuestionState, visible_to
from napari_spatialmed.benchmark.events import Score
from napari_spatialmed.viewer.item_clock import Activity, ItemClock
from napari_spatialmed.viewer.memory import remember
from napari_spatialmed.viewer.review_panel import ReviewPanel
from napari_spatialmed.viewer.saved_changes import SavedChanges


class Entered(NamedTuple):
    """What stands in the panel."""

    score: Score | None
    reasons: tuple[str, ...]
    comment: str


class ReviewEntry(QObject):
    """Joins the review panel with the benchmark and the clock."""

    def __init__(self, panel: ReviewPanel, changes: SavedChanges, parent: QObject) -> None:
        super().__init__(parent)
        self.panel, self._changes = panel, changes
        self.clock = ItemClock()
        self._activity = Activity(self.clock, self)
        self._shown: tuple[object, ...] = ()

    @property
    def entered(self) -> Entered:
        """What stands in the panel, chosen or not."""
        return Entered(self.panel.score, self.panel.reasons, self.panel.comment.text().strip())

    def show(self, state: QuestionState | None, reviewer: str) -> None:
        """Show one's own review or draft, once: what was chosen since and is not yet submitted stays."""
        self.panel.setEnabled(state is not None and not state.conflict)
        if state is None:
            self._shown = ()
            return
        own, draft = visible_to(reviewer, state).own, state.draft(reviewer)
        shown = (state.id, reviewer, own and (own.event, own.stale), draft and draft.id)
        if shown == self._shown:
            return
        self._shown = shown
        if draft is not None:
            said = draft.payload
            self.panel.show_review(said.score, said.reasons, said.comment, chosen=said.score is not None)
        elif own is not None and not own.stale:
            self.panel.show_review(own.score, own.reasons, own.comment, chosen=True)
        else:
            self.panel.show_review(None, (), "", chosen=False)

    def submit(self, state: QuestionState, entered: Entered) -> bool:
        """Submit it; False if it could not be saved."""
        made = self._changes.make("review", state.id, *entered, seconds=self.clock.seconds)
        return made is not None

    def keep_draft(self, state: QuestionState, reviewer: str) -> None:
        """What was chosen and not submitted is kept for when the question comes back."""
        now = self.entered
        if not (self.panel.has_choice or now.comment):
            return
        own, draft = visible_to(reviewer, state).own, state.draft(reviewer)
        if own is not None and not own.stale and (own.score, own.reasons, own.comment) == now:
            return
        if draft is not None and (draft.payload.score, draft.payload.reasons, draft.payload.comment) == now:
            return
        self._changes.make("save_draft", state.id, *now, said="Draft · ")

    def question_turned(self) -> None:
        """Another question is at hand: its time begins."""
        if self.clock.seconds is not None:
            self.clock.start()

    def keep_time(self, on: bool) -> None:
        """Whether the time for each question is kept with the review."""
        remember("time_per_item", on)
        self._activity.watch(on)
        (self.clock.start if on else self.clock.stop)()
