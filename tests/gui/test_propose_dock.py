"""The Propose dock in a real window, offline, on the phantom: nothing is lost, and people have the last word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import pytest
from qtpy.QtWidgets import QPlainTextEdit

from napari_spatialmed import benchmark as benchmarks
from napari_spatialmed.agents.measured import Measured, note_new
from napari_spatialmed.agents.proposal import Progress
from napari_spatialmed.case import open_sample
from napari_spatialmed.llm import Endpoint, has_consented, save_endpoint
from napari_spatialmed.viewer import consent_dialog
from napari_spatialmed.viewer.propose_dock import ProposeDock
from napari_spatialmed.viewer.session import session_for
from napari_spatialmed.viewer.team_table import TeamTable
from napari_spatialmed.viewer.workspace import show_dock

pytestmark = pytest.mark.gui
Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def dock(make_napari_viewer: Callable[..., napari.Viewer], tmp_path: Path) -> ProposeDock:
    viewer = make_napari_viewer()
    session = session_for(viewer)
    session.set_case(open_sample("phantom-abdomen"))
    session.set_benchmark(benchmarks.create(tmp_path / "b.spatialmed.jsonl", actor="ann"))
    found = show_dock(viewer, "Propose")
    assert isinstance(found, ProposeDock)
    return found


def statuses(dock: ProposeDock) -> dict[str, str]:
    benchmark = dock.session.benchmark
    assert benchmark is not None
    return {qid: held.status for qid, held in benchmark.state.questions.items()}


def test_the_team_proposes_and_people_have_the_last_word(dock: ProposeDock, wait_for: Wait) -> None:
    dock.count_box.setValue(6)
    dock.propose_button.click()
    wait_for(lambda: dock.chosen is not None)
    assert len(dock.result.accepted) == 6
    assert "published volumes only" in dock.funnel_label.text()
    listed = dock.table.proposals
    whys = [dock.table.item(row, 3).text() for row in range(dock.table.rowCount())]
    for proposal, why in zip(listed, whys, strict=True):
        assert why == "accepted" if proposal.state == "accepted" else why.startswith(f"{proposal.rule}: ")
    assert dock.team.times("team") == len(listed)
    # Rejected by a person, then let through again.
    question = dock.chosen.question.id
    assert statuses(dock)[question] == "pending"
    dock.reject_button.click()
    assert statuses(dock)[question] == "rejected"
    assert not dock.reject_button.isEnabled()
    dock.accept_button.click()
    assert statuses(dock)[question] == "pending"


def test_ask_again_brings_one_more_of_the_same_task(dock: ProposeDock, wait_for: Wait) -> None:
    benchmark = dock.session.benchmark
    assert benchmark is not None
    note_new(benchmark, [Measured("another", "case-of-another", {"liver:": {"ml": 1500.0}})])
    dock.count_box.setValue(2)
    dock.propose()
    wait_for(lambda: dock.chosen is not None)
    assert "compared with 1 scan of other patients" in dock.funnel_label.text()
    before, task = len(dock.table.proposals), dock.chosen.task
    first = dock.result
    dock.again_button.click()
    wait_for(lambda: dock.result is not first)
    new = dock.table.proposals[before:]
    assert {p.task for p in new} == {task}
    assert sum(p.state == "accepted" for p in new) == 1
    assert not {p.idea.signature for p in new} & {p.idea.signature for p in dock.table.proposals[:before]}


def test_a_cancelled_run_keeps_what_was_decided(dock: ProposeDock, wait_for: Wait) -> None:
    dock.count_box.setValue(200)
    dock.propose()
    wait_for(lambda: len(dock.table.proposals) >= 3)
    dock.busy.cancel_button.click()
    assert "Cancelled" in dock.message.text()
    kept = [p.question.id for p in dock.table.proposals if p.question is not None]
    assert set(kept) <= set(statuses(dock))
    assert dock.propose_button.isEnabled()


def test_without_a_task_the_dock_says_what_to_do(dock: ProposeDock) -> None:
    for box in dock.form.task_boxes.values():
        box.setChecked(False)
    dock.propose()
    assert dock.message.tone == "error"
    assert "Tick at least one" in dock.message.text()


def test_the_quota_is_handed_to_the_team(dock: ProposeDock) -> None:
    assert dock.form.request().per_structure is None
    dock.form.quota_box.setValue(2)
    assert dock.form.request().per_structure == 2


def test_the_team_table_counts_who_was_at_work(qtbot: object) -> None:
    table = TeamTable()
    for text in ("looks for a question of task DIR", "looks for a question of task VOL"):
        table.tell(Progress("member", "generator", text, 0, 2, None))
    assert table.times("generator") == 2
    assert table.item(0, 2).text() == "looks for a question of task VOL"


@pytest.mark.parametrize("yes", [False, True])
def test_a_remote_generator_asks_for_consent_with_what_it_would_send(
    dock: ProposeDock, monkeypatch: pytest.MonkeyPatch, yes: bool
) -> None:
    remote = Endpoint(name="far", base_url="https://models.example.org/v1", model="big", retries=0, timeout=1)
    save_endpoint(remote)
    dock.form.fill_members()
    dock.form.generator_box.setCurrentIndex(dock.form.generator_box.findText("far"))
    seen: list[str] = []

    def decide(dialog: Any) -> int:
        seen.append(dialog.findChild(QPlainTextEdit).toPlainText())
        return dialog.DialogCode.Accepted if yes else dialog.DialogCode.Rejected

    monkeypatch.setattr(consent_dialog.ConsentDialog, "exec", decide)
    dock.propose()
    assert len(seen) == 1
    assert "Propose one question of task" in seen[0]
    assert "liver" in seen[0]
    assert has_consented(remote, dock.session.case.id) is yes
    if yes:
        dock._work.cancel()
    else:
        assert dock.message.text() == "Nothing was sent."
