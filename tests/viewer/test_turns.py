"""What takes long is done step by step, and Python's full rounds of collection wait until nothing runs."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest
from qtpy.QtCore import QObject

from napari_spatialmed.viewer.collecting import Collecting
from napari_spatialmed.viewer.turns import Turns

Wait = Callable[[Callable[[], bool]], None]


def test_steps_are_done_in_line_one_per_turn(qapp: object, wait_for: Wait) -> None:
    turns, done = Turns(), []

    def steps(name: str) -> Iterator[None]:
        for n in range(2):
            done.append(f"{name}{n}")
            yield

    turns.add(steps("a"))
    turns.add(steps("b"))
    assert done == [], "the turn that asks goes on first"
    turns._step()
    assert done == ["a0"]
    wait_for(lambda: len(done) == 4)
    assert done == ["a0", "a1", "b0", "b1"]


def test_a_step_may_clear_the_line_and_begin_another(qapp: object, wait_for: Wait) -> None:
    turns, done = Turns(), []

    def last() -> Iterator[None]:
        done.append("last")
        yield

    def first() -> Iterator[None]:
        turns.clear()
        turns.add(last())
        done.append("first")
        yield
        done.append("never")

    turns.add(first())
    wait_for(lambda: "last" in done)
    for _ in range(5):
        turns._step()
    assert done == ["first", "last"]


@pytest.fixture
def thresholds() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield (700, 10, 10)
    gc.set_threshold(*before)


def test_full_rounds_wait_until_the_last_job_is_over(qapp: object, thresholds: tuple[int, int, int]) -> None:
    collecting, one, other = Collecting(), QObject(), QObject()
    collecting.begin(one)
    collecting.begin(other)
    assert gc.get_threshold()[:2] == thresholds[:2]
    assert gc.get_threshold()[2] > 1000
    collecting.end(one)
    assert not collecting._rest.waiting
    collecting.end(other)
    assert collecting._rest.waiting
    collecting._resume()
    assert gc.get_threshold() == thresholds


def test_a_round_that_is_due_is_made_at_rest(qapp: object, thresholds: tuple[int, int, int]) -> None:
    collecting, job = Collecting(), QObject()
    collecting.begin(job)
    while gc.get_count()[2] <= thresholds[2]:
        gc.collect(1)
    collecting.end(job)
    assert gc.get_count()[2] > thresholds[2]
    collecting._resume()
    assert gc.get_count()[2] == 0
    assert gc.get_threshold() == thresholds


def test_what_another_has_set_meanwhile_stays(qapp: object, thresholds: tuple[int, int, int]) -> None:
    collecting, job = Collecting(), QObject()
    collecting.begin(job)
    gc.set_threshold(0)
    collecting.end(job)
    collecting._resume()
    assert gc.get_threshold()[0] == 0
