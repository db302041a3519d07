"""Where the lines of a crosshair begin and end, and that it stays switched off."""

from __future__ import annotations

import numpy as np

from napari_spatialmed.viewer.crosshair import CrosshairSwitch, crosshair_ends


def test_four_lines_leave_the_middle_open() -> None:
    ends = crosshair_ends(np.array([30.0, 50.0]), np.array([0.0, -1.0]), np.array([100.0, 80.0]), 4.0)
    left, right, above, below = ends.reshape(4, 2, 2).tolist()
    assert left == [[0, 50], [26, 50]]
    assert right == [[34, 50], [100, 50]]
    assert above == [[30, -1], [30, 46]]
    assert below == [[30, 54], [30, 80]]


def test_lines_that_the_gap_takes_whole_have_no_length() -> None:
    ends = crosshair_ends(np.array([2.0, 9.0]), np.zeros(2), np.full(2, 10.0), 4.0).reshape(4, 2, 2)
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).tolist()
    assert lengths == [0, 4, 5, 0]


def test_a_line_that_would_cross_a_drawing_ends_before_it() -> None:
    drawing = np.array([10.0, 48.0]), np.array([45.0, 52.0])
    ends = crosshair_ends(np.array([30.0, 50.0]), np.zeros(2), np.full(2, 100.0), 4.0, drawing).reshape(
        4, 2, 2
    )
    left, right, above, below = ends.tolist()
    assert (left, right) == ([[0, 50], [10, 50]], [[45, 50], [100, 50]])
    assert (above, below) == ([[30, 0], [30, 46]], [[30, 54], [30, 100]]), "not nearer than the gap"
    elsewhere = crosshair_ends(np.array([70.0, 80.0]), np.zeros(2), np.full(2, 100.0), 4.0, drawing)
    np.testing.assert_array_equal(
        elsewhere, crosshair_ends(np.array([70.0, 80.0]), np.zeros(2), np.full(2, 100.0), 4.0)
    )


def test_the_switch_is_remembered() -> None:
    switch, heard = CrosshairSwitch(), []
    assert switch.on
    switch.changed.connect(heard.append)
    switch.turn(False)
    switch.turn(False)
    assert heard == [False]
    assert not CrosshairSwitch().on
