"""The team with a real model on this machine: plumbing only, since the model understands no anatomy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from napari_spatialmed.agents import TeamSettings
from napari_spatialmed.agents.models import ModelTeam
from napari_spatialmed.agents.team import propose_async
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import LocalServer, install_hint
from napari_spatialmed.questions import recompute

pytestmark = pytest.mark.local_llm


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    hint = install_hint()
    if hint:
        pytest.skip(hint)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPATIALMED_HOME", str(tmp_path_factory.mktemp("home")))
        with LocalServer() as running:
            yield running


def test_whatever_a_weak_model_says_only_true_questions_come_through(
    server: LocalServer, geometry: CaseGeometry
) -> None:
    team = ModelTeam(generator=server.endpoint, seed=1, max_tokens=80)
    asyncio.run(team.check())
    work = team.run(propose_async, geometry, count=1, tasks=["VOLEST"], settings=TeamSettings(most_tries=1))
    result = asyncio.run(work)
    assert result.proposals
    assert result.funnel.total.adds_up
    said = [m.kind for p in result.proposals for m in p.messages]
    assert "reply" in said
    for proposal in result.proposals:
        if proposal.state == "accepted":
            assert proposal.question is not None
            assert recompute(proposal.question, geometry).matches
        else:
            assert proposal.reason


def test_a_real_blind_reader_and_a_real_judge_give_verdicts(
    server: LocalServer, geometry: CaseGeometry
) -> None:
    readers = [server.endpoint.model_copy(update={"name": f"reader {n}"}) for n in range(3)]
    team = ModelTeam(readers=readers, max_tokens=80)
    settings = TeamSettings(panel_rule="paper", most_tries=1)
    result = asyncio.run(team.run(propose_async, geometry, count=1, tasks=["VOL"], settings=settings))
    judged = [p for p in result.proposals if p.stage in ("panel", "waiting")]
    assert judged
    votes = judged[0].verdicts[-1].detail["votes"]
    assert set(votes) == {"blind: reader 0", "blind: reader 1", "blind: reader 2"}
