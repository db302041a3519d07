"""Nothing long begins under somebody's hands."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QLineEdit

from napari_spatialmed.viewer.hands import HandsOff

Wait = Callable[[Callable[[], bool]], None]
QUIET_MS = 400


def test_it_comes_once_for_every_time_it_is_waited_for(qapp: object, wait_for: Wait, qtbot: Any) -> None:
    hands, came = HandsOff(10), []
    hands.came.connect(lambda: came.append(True))
    hands.wait()
    wait_for(lambda: bool(came))
    assert not hands.waiting
    qtbot.wait(50)
    assert len(came) == 1
    hands.wait()
    hands.stop()
    qtbot.wait(50)
    assert len(came) == 1


def test_typing_and_moving_the_mouse_put_it_off(qapp: object, wait_for: Wait, qtbot: Any) -> None:
    line = QLineEdit()
    qtbot.addWidget(line)
    line.show()
    hands, came = HandsOff(QUIET_MS), []
    hands.came.connect(lambda: came.append(time.monotonic()))
    hands.wait()
    end = time.monotonic() + 3 * QUIET_MS / 1000
    touched = end
    while time.monotonic() < end:
        qtbot.keyClick(line, "a")
        qtbot.mouseMove(line, QPoint(5, 5))
        touched = time.monotonic()
        qtbot.wait(QUIET_MS // 20)
    assert not came
    wait_for(lambda: bool(came))
    assert came[0] - touched > 0.9 * QUIET_MS / 1000


def test_a_button_held_down_puts_it_off(qapp: object, wait_for: Wait, qtbot: Any, monkeypatch: Any) -> None:
    held = [Qt.MouseButton.LeftButton]
    monkeypatch.setattr("napari_spatialmed.viewer.hands.QGuiApplication.mouseButtons", lambda: held[0])
    hands, came = HandsOff(10), []
    hands.came.connect(lambda: came.append(True))
    hands.wait()
    qtbot.wait(60)
    assert not came
    held[0] = Qt.MouseButton.NoButton
    wait_for(lambda: bool(came))
