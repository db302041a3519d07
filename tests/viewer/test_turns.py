"""What takes long is done step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
