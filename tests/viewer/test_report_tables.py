"""A row's name gives way to the columns beside it where there is little room."""

from __future__ import annotations

from typing import Any

from napari_spatialmed.viewer.report_tables import fill_table, plain_table


def test_names_of_rows_leave_the_first_columns_in_sight(qtbot: Any) -> None:
    table = plain_table("Scores", first=3)
    qtbot.addWidget(table)
    header = ("Model", "AVG", "DIR", "DIST", *(f"more {n}" for n in range(9)))
    name = "a-model-with-quite-a-long-name-7b-instruct"
    fill_table(table, header, (((name, name), *((f"{n}0.0", "") for n in range(12))),), heads=True)
    table.show()

    def last_of_the_first() -> int:
        return table.columnViewportPosition(3) + table.columnWidth(3)

    table.resize(1600, 200)
    whole = table.verticalHeader().sizeHint().width()
    qtbot.waitUntil(lambda: table.verticalHeader().width() == whole)
    table.resize(last_of_the_first() + whole - 40, 200)
    qtbot.waitUntil(lambda: table.verticalHeader().width() < whole)
    qtbot.waitUntil(lambda: last_of_the_first() <= table.viewport().width())
    assert table.verticalHeaderItem(0).toolTip() == name
