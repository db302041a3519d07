"""While jobs run, threads change often and Python's full rounds of collection wait; afterwards all is as it was."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest
from qtpy.QtCore import QObject

from napari_spatialmed.viewer.giving_way import SWITCH_S, GivingWay


@pytest.fixture
def thresholds() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield (700, 10, 10)
    gc.set_threshold(*before)


def test_full_rounds_wait_until_the_last_job_is_over(qapp: object, thresholds: tuple[int, int, int]) -> None:
    ways, one, other = GivingWay(), QObject(), QObject()
    ways.begin(one)
    ways.begin(other)
    assert gc.get_threshold()[:2] == thresholds[:2]
    assert gc.get_threshold()[2] > 1000
    ways.end(one)
    assert not ways._rest.waiting
    ways.end(other)
    assert ways._rest.waiting
    ways._collect()
    assert gc.get_threshold() == thresholds


def test_a_round_is_made_at_rest_when_old_objects_have_become_a_quarter_more(
    qapp: object, thresholds: tuple[int, int, int]
) -> None:
    ways, job = GivingWay(), QObject()
    rounds: list[int] = []

    def count(phase: str, info: dict[str, int]) -> None:
        rounds.extend([info["generation"]] * (phase == "stop"))

    def rest_after(objects: int) -> list[list[int]]:
        ways.begin(job)
        made = [[n] for n in range(objects)]
        gc.collect(1)
        ways.end(job)
        rounds.clear()
        ways._collect()
        return made

    gc.callbacks.append(count)
    try:
        few = rest_after(ways._old // 8)
        assert 2 not in rounds
        many = rest_after(ways._old // 4)
        assert rounds == [2]
        assert len(few) + len(many) > 0
    finally:
        gc.callbacks.remove(count)
    assert gc.get_threshold() == thresholds


def test_what_another_has_set_meanwhile_stays(qapp: object, thresholds: tuple[int, int, int]) -> None:
    ways, job = GivingWay(), QObject()
    ways.begin(job)
    gc.set_threshold(0)
    ways.end(job)
    ways._collect()
    assert gc.get_threshold()[0] == 0


@pytest.fixture
def interval() -> Iterator[float]:
    before = sys.getswitchinterval()
    yield before
    sys.setswitchinterval(before)


def test_threads_change_often_as_long_as_a_job_runs(qapp: object, interval: float) -> None:
    ways, one, other = GivingWay(), QObject(), QObject()
    ways.begin(one)
    ways.begin(other)
    ways.end(one)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
    ways.end(other)
    assert sys.getswitchinterval() == pytest.approx(interval)


def test_an_interval_that_another_has_set_meanwhile_stays(qapp: object, interval: float) -> None:
    ways, job = GivingWay(), QObject()
    ways.begin(job)
    sys.setswitchinterval(0.02)
    ways.end(job)
    assert sys.getswitchinterval() == pytest.approx(0.02)
    ways.begin(job)
    ways.end(job)
    assert sys.getswitchinterval() == pytest.approx(0.02)
