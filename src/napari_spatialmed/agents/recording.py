"""From proposals to the benchmark's journal: every one is written, accepted or not (rule H4)."""

from __future__ import annotations

from napari_spatialmed.agents.proposal import Proposal, ProposalResult, Signature, signature_of
from napari_spatialmed.benchmark import Benchmark
from napari_spatialmed.geometry import CaseGeometry


def record_result(benchmark: Benchmark, result: ProposalResult) -> tuple[int, int]:
    """Write all proposals of one case, accepted and rejected (rule H4); returns how many of each were new."""
    accepted = rejected = 0
    for proposal in result.proposals:
        if record_proposal(benchmark, proposal):
            accepted += proposal.state == "accepted"
            rejected += proposal.state == "rejected"
    return accepted, rejected


def record_proposal(benchmark: Benchmark, proposal: Proposal) -> bool:
    """Write one proposal; False if the same stands there already."""
    idea, question = proposal.idea, proposal.question
    if question is not None:
        if question.id in benchmark.state.questions:
            return False
        benchmark.propose(
            question, proposal.verdicts, accepted=proposal.state == "accepted", reason=proposal.reason
        )
        return True
    if any(
        (held.case, held.form, held.structures, held.reason)
        == (proposal.case, idea.form, idea.structures, proposal.reason)
        for held in benchmark.state.rejected_proposals
    ):
        return False
    benchmark.record_rejection(
        proposal.case,
        idea.task,
        form=idea.form,
        structures=idea.structures,
        rule=proposal.rule,
        reason=proposal.reason,
        verdicts=proposal.verdicts,
    )
    return True


def signatures_in(benchmark: Benchmark, case: str) -> set[Signature]:
    """What was proposed about a case before, accepted or not."""
    keys = [q.question.key for q in benchmark.state.questions.values() if q.question.case == case]
    found = {signature_of(key.form, key.structures, key.params) for key in keys}
    return found | {
        signature_of(r.form, r.structures, {}) for r in benchmark.state.rejected_proposals if r.case == case
    }


def volumes_of(geometry: CaseGeometry) -> dict[str, float]:
    """Volume in mL of every structure that has voxels."""
    survey, voxel = geometry.survey, geometry.case.voxel_ml
    counts = dict(zip(survey.labels.tolist(), survey.counts.tolist(), strict=True))
    return {s.name: counts[s.label] * voxel for s in geometry.case.structures if s.label in counts}
