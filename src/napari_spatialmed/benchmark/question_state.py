"""Where one question stands: derived from its events, never stored.

A question's texts are *versions*, each made by one event on top of another.  Two versions made on the same one are a
conflict until a person chooses.  Everything else (reviews, flags, skips, …) is a list of events of which some were taken
back.  What a reviewer had before them when scoring is its *basis*: the text and the stale marks on it.  A review counts
while its basis is still the question's; an edit that is undone therefore brings the scores on the old text back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_spatialmed.benchmark.events import Event, Score
from napari_spatialmed.benchmark.keep_rule import decide
from napari_spatialmed.questions.model import Question, Verdict

Status = Literal["rejected", "pending", "provisional", "kept", "dropped", "stale", "conflict"]


@dataclass(frozen=True, slots=True)
class Version:
    """One text of a question.  `content` names the first version of exactly this text."""

    id: str
    content: str
    question: Question
    revision: int
    event: Event


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer's judgement; `score` None means that they could not judge.

    `stale` is empty while the review counts, else it says so: ``stale: was 2 for revision 3``.
    """

    reviewer: str
    score: Score | None
    reasons: tuple[str, ...]
    comment: str
    revision: int
    time: str
    event: str
    stale: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A flag or a comment, which is not a score."""

    author: str
    text: str
    time: str
    event: str


@dataclass(frozen=True, slots=True)
class Adjudication:
    """A person's decision where the scores don't give one, or against them."""

    keep: bool
    note: str
    actor: str
    time: str
    event: str


class QuestionState:
    """One question with its history.

    Attributes
    ----------
    id, case
        Of the question and its case.
    history
        Every event about it, oldest first.
    """

    def __init__(self, question: Question) -> None:
        self.id = question.id
        self.case = question.case
        self.history: list[Event] = []
        self._versions: dict[str, Version] = {}
        self._alike: dict[tuple[object, ...], list[Version]] = {}
        self._heads: list[str] = []
        self._by_kind: dict[str, list[Event]] = {}
        self._taken_back: set[str] = set()
        self._status: Status | None = None

    # -- written by the fold ------------------------------------------------------------------------------------

    def record(self, event: Event) -> None:
        """Add an event of any kind."""
        self._status = None
        self.history.append(event)
        self._by_kind.setdefault(event.kind, []).append(event)

    def take_back(self, event_id: str, taken: bool) -> None:
        """Mark an event as undone, or as redone."""
        self._status = None
        (self._taken_back.add if taken else self._taken_back.discard)(event_id)

    def add_version(self, event: Event, question: Question, bases: tuple[str, ...]) -> None:
        """Put a text on top of others; a base that already has something on top of it makes a second head."""
        alike = self._alike.setdefault(
            (question.stem, question.options, question.answer, question.rationale), []
        )
        same = next((v.content for v in alike if v.question == question), event.id)
        revision = 1 + max((self._versions[b].revision for b in bases if b in self._versions), default=0)
        self._versions[event.id] = Version(event.id, same, question, revision, event)
        alike.append(self._versions[event.id])
        if not bases and same != event.id:
            return  # proposed twice: what was built on the first stands
        texts = {self._versions[b].content for b in bases if b in self._versions}
        self._heads = [h for h in self._heads if h not in bases and self._versions[h].content not in texts]
        self._heads.append(event.id)

    def version(self, version_id: str) -> Version | None:
        """A version by the event that made it."""
        return self._versions.get(version_id)

    # -- read by everybody --------------------------------------------------------------------------------------

    @property
    def current(self) -> Version:
        """The version in force (of two in conflict, the one that stood first)."""
        return self._versions[self._heads[0]] if self.conflict else self._versions[self._heads[-1]]

    @property
    def question(self) -> Question:
        """The text in force."""
        return self.current.question

    @property
    def revision(self) -> int:
        """Number of the text in force; 1 as proposed."""
        return self.current.revision

    @property
    def versions(self) -> tuple[Version, ...]:
        """Every text it ever had, oldest first."""
        return tuple(
            v for v in self._versions.values() if v.event.kind != "question_proposed" or v.content == v.id
        )

    @property
    def conflict(self) -> tuple[Version, ...]:
        """The texts a person must choose from; empty where there is no conflict."""
        heads = [self._versions[h] for h in self._heads]
        return tuple(heads) if len({h.content for h in heads}) > 1 else ()

    @property
    def heads(self) -> tuple[str, ...]:
        """Versions with nothing on top of them."""
        return tuple(self._heads)

    @property
    def basis(self) -> str:
        """What a reviewer sees now: the text, and which stale marks lie on it."""
        return "+".join([self.current.content, *(e.id for e in self._active("made_stale"))])

    def _active(self, kind: str) -> list[Event]:
        return [e for e in self._by_kind.get(kind, ()) if e.id not in self._taken_back]

    @property
    def withdrawn(self) -> bool:
        """Whether the proposal itself was taken back."""
        return not self._active("question_proposed")

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the team said when it was proposed, and since."""
        given = [*self._by_kind.get("question_proposed", ()), *self._by_kind.get("verdict_given", ())]
        return tuple(v for e in given for v in e.payload.verdicts)

    @property
    def accepted(self) -> bool:
        """Whether the team let it through to the reviewers (rule P4: what was not validated was not)."""
        decisions = [
            e.payload.accepted
            for e in self._by_kind.get("verdict_given", ())
            if e.payload.accepted is not None
        ]
        return (
            bool(decisions[-1]) if decisions else bool(self._by_kind["question_proposed"][0].payload.accepted)
        )

    @property
    def rejection(self) -> Verdict | None:
        """The verdict that it was rejected for."""
        if self.accepted:
            return None
        failed = [v for v in self.verdicts if v.passed is not True]
        return next((v for v in failed if v.passed is False and v.rule), failed[0] if failed else None)

    def all_reviews(self) -> list[Review]:
        """Each reviewer's latest review, whether it still counts or is stale."""
        latest: dict[str, tuple[Event, str]] = {}
        basis = self.basis
        for event in self._active("review_submitted"):
            held = latest.get(event.actor)
            if held is None or event.payload.basis == basis or held[1] != basis:
                latest[event.actor] = (event, event.payload.basis)
        return [self._review(event, basis) for event, _ in latest.values()]

    def _review(self, event: Event, basis: str) -> Review:
        said = event.payload
        stale = ""
        if said.basis != basis:
            word = "cannot judge" if said.score is None else str(said.score)
            stale = f"stale: was {word} for revision {event.revision}"
            if event.revision == self.revision and (marks := self._active("made_stale")):
                stale += f" ({marks[-1].payload.reason})"
        return Review(
            event.actor,
            said.score,
            said.reasons,
            said.comment,
            event.revision or 1,
            event.time,
            event.id,
            stale,
        )

    @property
    def reviews(self) -> dict[str, Review]:
        """Reviewer → the review that counts on the present text."""
        return {r.reviewer: r for r in self.all_reviews() if not r.stale}

    @property
    def stale_reviews(self) -> dict[str, Review]:
        """Reviewer → an earlier review that counts no longer, for those who have no newer one."""
        return {r.reviewer: r for r in self.all_reviews() if r.stale}

    @property
    def scores(self) -> tuple[Score, ...]:
        """The scores that count, by reviewer's name; "cannot judge" is not among them."""
        return tuple(r.score for _, r in sorted(self.reviews.items()) if r.score is not None)

    def draft(self, reviewer: str) -> Event | None:
        """A review begun on the present text and not yet submitted."""
        basis = self.basis
        own = [e for e in self.history if e.actor == reviewer and e.id not in self._taken_back]
        last = next((e for e in reversed(own) if e.kind in ("draft_saved", "review_submitted")), None)
        return (
            last if last is not None and last.kind == "draft_saved" and last.payload.basis == basis else None
        )

    def skipped_by(self, reviewer: str) -> bool:
        """Whether this reviewer put the present text aside."""
        basis = self.basis
        return any(e.actor == reviewer and e.payload.basis == basis for e in self._active("skipped"))

    @property
    def flags(self) -> tuple[Remark, ...]:
        """Flags that are up: at most one for each person."""
        up: dict[str, Remark] = {}
        for e in self._active("flagged"):
            up.pop(e.actor, None)
            if e.payload.raised:
                up[e.actor] = Remark(e.actor, e.payload.text, e.time, e.id)
        return tuple(up.values())

    @property
    def comments(self) -> tuple[Remark, ...]:
        """Comments that are not part of a review."""
        return tuple(Remark(e.actor, e.payload.text, e.time, e.id) for e in self._active("commented"))

    @property
    def stale_reason(self) -> str:
        """Why the question must be looked at again, from the latest stale mark."""
        marks = self._active("made_stale")
        return marks[-1].payload.reason if marks else ""

    @property
    def adjudication(self) -> Adjudication | None:
        """The decision in force on the present text."""
        basis = self.basis
        made = [e for e in self._active("adjudicated") if e.payload.basis == basis]
        if not made:
            return None
        last = made[-1]
        return Adjudication(last.payload.keep, last.payload.note, last.actor, last.time, last.id)

    @property
    def status(self) -> Status:
        """Where it stands."""
        if self._status is None:
            self._status = self._derive_status()
        return self._status

    def _derive_status(self) -> Status:
        if self.withdrawn:
            return "rejected"
        if self.conflict:
            return "conflict"
        decision = self.adjudication
        if decision is not None:
            return "kept" if decision.keep else "dropped"
        if not self.accepted:
            return "rejected"
        reviews = self.all_reviews()
        fresh = [r.score for r in reviews if not r.stale and r.score is not None]
        marked = bool(self._active("made_stale"))
        if not fresh and (marked or any(r.stale for r in reviews)):
            return "stale"
        return decide(fresh)
