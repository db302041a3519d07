"""A real window with the phantom or the real scan in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def wait_for(qtbot: object) -> Callable[[Callable[[], bool]], None]:
    """Let the event loop run until something is true."""

    def wait(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=60_000)  # type: ignore[attr-defined]

    return wait
