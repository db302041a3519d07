"""Time for one question, with the time in which nobody was there taken out."""

from __future__ import annotations

from napari_spatialmed.viewer.item_clock import IDLE_AFTER_S, ItemClock


def test_idle_time_is_not_counted() -> None:
    now = [100.0]
    clock = ItemClock(lambda: now[0])
    clock.start()
    now[0] += 10
    clock.active()
    now[0] += 3600  # gone to lunch
    clock.active()
    now[0] += 5
    assert clock.seconds == 10 + IDLE_AFTER_S + 5


def test_a_clock_that_was_never_started_measures_nothing() -> None:
    clock = ItemClock()
    clock.active()
    assert clock.seconds is None
    clock.start()
    clock.stop()
    assert clock.seconds is None


def test_each_question_begins_at_nought() -> None:
    now = [0.0]
    clock = ItemClock(lambda: now[0])
    clock.start()
    now[0] += 8
    assert clock.seconds == 8
    clock.start()
    now[0] += 1
    assert clock.seconds == 1
