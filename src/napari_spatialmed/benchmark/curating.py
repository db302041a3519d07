"""What a person or a program can do to a benchmark, each in one call that returns once it is on the disk.

Two edits of the same text by two writers are kept side by side as a conflict, because every edit says which text it was
made on, and every review what was seen.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.events import (
    REASONS,
    Adjudicated,
    CaseRegistered,
    Commented,
    ConflictResolved,
    DraftSaved,
    Event,
    Flagged,
    MadeStale,
    Payload,
    ProposalRejected,
    QuestionEdited,
    QuestionProposed,
    Redone,
    ResponseRecorded,
    ReviewSubmitted,
    RunRecorded,
    Score,
    Skipped,
    StructureRecord,
    Undone,
    VerdictGiven,
)
from napari_spatialmed.benchmark.keep_rule import decide
from napari_spatialmed.benchmark.privacy import table_name
from napari_spatialmed.benchmark.question_state import QuestionState
from napari_spatialmed.benchmark.state import State, with_change
from napari_spatialmed.case.model import Case
from napari_spatialmed.questions.model import Question, Verdict


def case_record(case: Case, volumes_ml: Mapping[str, float], patient: str | None = None) -> CaseRegistered:
    """What a benchmark keeps of a case, without its files; may be made where the scan is, in a worker.

    Parameters
    ----------
    volumes_ml
        Structure's name → volume, where they were measured.
    patient
        A pseudonym shared by one patient's scans; the case's id if not given.
    """
    return CaseRegistered(
        case=case.id,
        label_sha256=case.label_sha256(),
        modality=case.modality,
        names=table_name(case.provenance.names),
        segmentation=case.provenance.segmentation,
        shape=tuple(int(n) for n in case.labels.shape),
        spacing=tuple(round(float(mm), 6) for mm in case.spacing),
        structures=tuple(
            StructureRecord(name=s.name, label=s.label, title=s.title, volume_ml=volumes_ml.get(s.name))
            for s in case.structures
        ),
        patient=patient or case.id,
    )


class Curating(ABC):
    """The verbs of a benchmark; `Benchmark` adds the file under them."""

    actor: str
    state: State

    @abstractmethod
    def append(
        self,
        kind: str,
        payload: Payload | Mapping[str, Any] | str,
        *,
        question: str | None = None,
        revision: int | None = None,
    ) -> Event:
        """Write one event."""

    # -- what goes in -------------------------------------------------------------------------------------------

    def register_case(
        self, case: Case, *, patient: str | None = None, volumes_ml: Mapping[str, float] | None = None
    ) -> Event | None:
        """Record what a case is, without its files; None if it stands there already as it is.

        Parameters
        ----------
        case
            The scan with its labels.
        patient
            A pseudonym that its scans of one patient share, so that splits keep them together; the case's id if not given.
        volumes_ml
            Structure's name → volume, where they were measured.
        """
        held = self.state.cases.get(case.id)
        record = case_record(case, volumes_ml or {}, patient or (held.patient if held else None))
        return None if held == record else self.append("case_registered", record)

    def propose(
        self,
        question: Question,
        verdicts: Sequence[Verdict] = (),
        *,
        accepted: bool | None = None,
        reason: str = "",
    ) -> Event:
        """Put a question forward, with what the team said of it.

        Parameters
        ----------
        accepted
            Whether it goes on to the reviewers.  If not said, only if every verdict passed (rule P4: a verdict that
            could not be given is not a pass).

        Raises
        ------
        BenchmarkError
            If another question has this id.
        """
        held = self.state.questions.get(question.id)
        if held is not None:
            first = held.versions[0]
            if first.question == question:
                return first.event
            raise BenchmarkError(f"there is another question {question.id!r}", hint="Edit that one instead.")
        let_through = all(v.passed is True for v in verdicts) if accepted is None else accepted
        payload = QuestionProposed(
            question=question, verdicts=tuple(verdicts), accepted=let_through, reason=reason
        )
        return self.append("question_proposed", payload, question=question.id, revision=1)

    def record_rejection(
        self,
        case: str,
        task: str,
        *,
        form: str = "",
        structures: Sequence[str] = (),
        rule: str = "",
        reason: str = "",
        verdicts: Sequence[Verdict] = (),
    ) -> Event:
        """Record a proposal that never became a question, with the rule that stopped it."""
        payload = ProposalRejected(
            case=case,
            task=task,
            form=form,
            structures=tuple(structures),
            rule=rule,
            reason=reason,
            verdicts=tuple(verdicts),
        )
        return self.append("proposal_rejected", payload)

    def give_verdicts(
        self, question_id: str, verdicts: Sequence[Verdict], *, accepted: bool | None = None, reason: str = ""
    ) -> Event:
        """Add verdicts to a question; `accepted` changes whether it goes to the reviewers."""
        state = self.state.question(question_id)
        payload = VerdictGiven(verdicts=tuple(verdicts), accepted=accepted, reason=reason, basis=state.basis)
        return self._about(state, "verdict_given", payload)

    def record_response(self, response: Mapping[str, JsonValue]) -> Event:
        """Record a model's answer to one question."""
        return self.append("response_recorded", ResponseRecorded(response=dict(response)))

    def record_run(self, run: Mapping[str, JsonValue]) -> Event:
        """Record one model over one benchmark."""
        return self.append("run_recorded", RunRecorded(run=dict(run)))

    # -- editing ------------------------------------------------------------------------------------------------

    def edit(self, question_id: str, field: str, new: Any, reason: str = "") -> Event | None:
        """Change one field of a question, or several with ``field="question"`` and a mapping; None if nothing changes.

        Raises
        ------
        BenchmarkError
            If the field can't be edited, the value doesn't fit, or two versions wait to be settled.
        """
        state = self._settled(question_id)
        before = state.question.model_dump(mode="json")
        changed = with_change(state.question, field, new).model_dump(mode="json")
        fields = list(new) if field == "question" else [field]
        old = {f: before[f] for f in fields if before[f] != changed[f]}
        if not old:
            return None
        new_values = {f: changed[f] for f in old}
        single = field != "question"
        payload = QuestionEdited(
            field=field,
            old=old[field] if single else old,
            new=new_values[field] if single else new_values,
            reason=reason,
            base=state.current.id,
        )
        return self._about(state, "question_edited", payload)

    def restore(self, question_id: str, version: str, reason: str = "") -> Event | None:
        """Make an earlier text the present one again, as a new revision."""
        state = self._settled(question_id)
        wanted = state.version(version)
        if wanted is None:
            raise BenchmarkError(f"question {question_id} never had a version {version!r}")
        fields = wanted.question.model_dump(mode="json", exclude={"id", "case"})
        return self.edit(question_id, "question", fields, reason or f"restored revision {wanted.revision}")

    def resolve(self, question_id: str, choice: str | Question, note: str = "") -> Event:
        """Settle a conflict: by the id of one of its versions, or with a text that unites them."""
        state = self.state.question(question_id)
        if not state.conflict:
            raise BenchmarkError(f"question {question_id} has no conflict to settle")
        chosen = (
            choice
            if isinstance(choice, Question)
            else next((v.question for v in state.conflict if v.id == choice), None)
        )
        if chosen is None:
            raise BenchmarkError(
                f"no version {choice!r} is in conflict",
                hint=f"There are: {', '.join(v.id for v in state.conflict)}.",
            )
        return self._about(
            state, "conflict_resolved", ConflictResolved(heads=state.heads, question=chosen, note=note)
        )

    def mark_stale(self, question_id: str, reason: str) -> Event:
        """Say that the answer may have changed under the question, e.g. with the labels: it must be reviewed again."""
        return self._about(self.state.question(question_id), "made_stale", MadeStale(reason=reason))

    # -- reviewing ----------------------------------------------------------------------------------------------

    def review(
        self,
        question_id: str,
        score: Score | None,
        reasons: Sequence[str] = (),
        comment: str = "",
        *,
        seconds: float | None = None,
    ) -> Event:
        """Submit this person's review of the present text.

        Parameters
        ----------
        score
            0 unqualified, 1 acceptable, 2 well qualified; None for "cannot judge".
        reasons
            Codes of `REASONS`.
        seconds
            Time spent, where the reviewer agreed to its being kept.
        """
        unknown = [r for r in reasons if r not in REASONS]
        if unknown:
            raise BenchmarkError(f"no reason {unknown[0]!r}", hint=f"There are: {', '.join(REASONS)}.")
        if score is not None and (isinstance(score, bool) or score not in (0, 1, 2)):
            raise BenchmarkError(f"a score is 0, 1 or 2, not {score!r}", hint='Give None for "cannot judge".')
        state = self._settled(question_id)
        payload = ReviewSubmitted(
            score=score, reasons=tuple(reasons), comment=comment, seconds=seconds, basis=state.basis
        )
        return self._about(state, "review_submitted", payload)

    def cannot_judge(self, question_id: str, reasons: Sequence[str] = (), comment: str = "") -> Event:
        """Submit that this person can't judge the question; that is not a score of 0."""
        return self.review(question_id, None, reasons, comment)

    def save_draft(
        self, question_id: str, score: Score | None = None, reasons: Sequence[str] = (), comment: str = ""
    ) -> Event:
        """Keep a review that is not yet submitted; nobody else is shown it."""
        state = self.state.question(question_id)
        payload = DraftSaved(score=score, reasons=tuple(reasons), comment=comment, basis=state.basis)
        return self._about(state, "draft_saved", payload)

    def skip(self, question_id: str) -> Event:
        """Put the question aside for later."""
        state = self.state.question(question_id)
        return self._about(state, "skipped", Skipped(basis=state.basis))

    def flag(self, question_id: str, text: str = "", *, raised: bool = True) -> Event:
        """Raise this person's flag on a question, or take it down."""
        return self._about(self.state.question(question_id), "flagged", Flagged(text=text, raised=raised))

    def comment(self, question_id: str, text: str) -> Event:
        """Say something about a question, apart from any score."""
        return self._about(self.state.question(question_id), "commented", Commented(text=text))

    def adjudicate(self, question_id: str, keep: bool, note: str = "") -> Event:
        """Decide over the present text.

        Raises
        ------
        BenchmarkError
            If the decision isn't what the scores say and no note gives the reason.
        """
        state = self._settled(question_id)
        by_rule = decide(state.scores) if state.accepted else "rejected"
        if by_rule != ("kept" if keep else "dropped") and not note.strip():
            raise BenchmarkError(
                f"the scores of question {question_id} say {by_rule}",
                hint="Deciding otherwise needs a note that says why.",
            )
        return self._about(state, "adjudicated", Adjudicated(keep=keep, note=note, basis=state.basis))

    # -- taking back --------------------------------------------------------------------------------------------

    def undo(self) -> Event:
        """Take back the last thing this person did, in this sitting or an earlier one."""
        target = self.state.undoable(self.actor)
        if target is None:
            raise BenchmarkError(
                "there is nothing to undo", hint=f"Only what {self.actor} did can be taken back here."
            )
        return self._reverse(target, forward=False)

    def redo(self) -> Event:
        """Bring back what this person's last `undo` took."""
        target = self.state.redoable(self.actor)
        if target is None:
            raise BenchmarkError("there is nothing to redo")
        return self._reverse(target, forward=True)

    def _reverse(self, target: Event, *, forward: bool) -> Event:
        state = self.state.question(target.question or "")
        kind, make = ("redone", Redone) if forward else ("undone", Undone)
        if target.kind != "question_edited":
            return self._about(state, kind, make(target=target.id))
        self._settled(state.id)
        edit = target.payload
        old, new = (edit.old, edit.new) if forward else (edit.new, edit.old)
        now = state.question.model_dump(mode="json")
        expected = old if edit.field == "question" else {edit.field: old}
        if any(now[f] != value for f, value in expected.items()):
            raise BenchmarkError(
                f"question {state.id} was edited again since",
                hint="Restore a revision from its history instead.",
            )
        return self._about(
            state, kind, make(target=target.id, field=edit.field, old=old, new=new, base=state.current.id)
        )

    def _settled(self, question_id: str) -> QuestionState:
        state = self.state.question(question_id)
        if state.conflict:
            raise BenchmarkError(
                f"two versions of question {question_id} are in conflict", hint="Choose one of them first."
            )
        return state

    def _about(self, state: QuestionState, kind: str, payload: Payload) -> Event:
        return self.append(kind, payload, question=state.id, revision=state.revision)
