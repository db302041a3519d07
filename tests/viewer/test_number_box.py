"""What is typed into a field for a number, and what stands there afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QLocale, Qt
from qtpy.QtTest import QTest

from napari_spatialmed.viewer.number_box import NumberBox


@pytest.fixture
def box(qtbot: Any) -> NumberBox:
    found = NumberBox()
    qtbot.addWidget(found)
    found.setLocale(QLocale("en_US"))
    found.setPrefix("W ")
    found.setDecimals(0)
    found.setRange(1, 2000)
    found.setValue(350)
    return found


@pytest.mark.parametrize(
    ("typed", "value", "told"),
    [
        ("400", 400, ""),
        ("W 500", 500, ""),
        (" 350.7 ", 351, ""),
        ("1,000", 1000, ""),
        ("99999", 2000, "99999 lies outside of 1 to 2000"),
        ("1e9", 2000, "1e9 lies outside of 1 to 2000"),
        ("0", 1, "0 lies outside of 1 to 2000"),
        ("-50", 1, "-50 lies outside of 1 to 2000"),
        ("\N{MINUS SIGN}50", 1, "-50 lies outside of 1 to 2000"),
        ("nan", 350, "nan is not a number"),
        ("wide", 350, "wide is not a number"),
        ("", 350, ""),
    ],
)
def test_what_is_typed_stands_or_is_told(box: NumberBox, typed: str, value: float, told: str) -> None:
    heard: list[str] = []
    box.refused.connect(heard.append)
    line = box.lineEdit()
    line.selectAll()
    line.insert(typed)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert box.value() == value
    assert box.text() == f"W {box.textFromValue(value)}"
    assert heard[-1:] == ([told] if told else [])
