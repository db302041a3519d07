"""Numbers: units, ranges, thousands, and the last one that counts (rule S3)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_spatialmed.evaluation import parse_number, read_number


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1,250 mL", "mL", 1250),
        ("1 250 mL", "mL", 1250),
        ("1\u202f250 mL", "mL", 1250),
        ("1.2e3", "mL", 1200),
        ("1.2 × 10^3 mL", "mL", 1200),
        (".5", "mL", 0.5),
        ("1,5 mL", "mL", 1.5),
        ("0.25 L", "mL", 250),
        ("250000 mm3", "mL", 250),
        ("250 cm³", "mL", 250),
        ("250 cm^3", "mL", 250),
        ("250 cubic centimeters", "mL", 250),
        ("1250mL", "mL", 1250),
        ("about 196.578 cm³.", "mL", 196.578),
        ("3.4 cm", "mm", 34),
        ("34", "mm", 34),
        ("T12 level, 30 mm", "mm", 30),
        ("slice 12 shows 250 mL in 3 slices", "mL", 250),
        ("it was 100 mL, no: 120 mL", "mL", 120),
        ("250 ± 10 mL", "mL", 250),
        ("2.5 times", "ratio", 2.5),
        ("2.5-fold", "ratio", 2.5),
        ("150 %", "ratio", 1.5),
        ("5:2", "ratio", 2.5),
        ("15 %", "%", 15),
        ("3 lesions", "count", 3),
        ("<think>5 mL</think>7 mL", "mL", 7),
        ("ANSWER: 30 mm\n(on slice 4, 12 mm from the top)", "mm", 30),
        (r"$\boxed{250 \text{ mL}}$", "mL", 250),
        ("ANSWER: **250 mL**", "mL", 250),
        ("1.234,5 mL", "mL", 1234.5),
        ("1.234.567 mm3", "mm³", 1234567),
        (r"ANSWER: $2.5 \times 10^{2}$ mL", "mL", 250),
        ("2.5·10² mL", "mL", 250),
        ("10^2 mL", "mL", 100),
        ("12 cm<sup>3</sup>", "mL", 12),
        ("１２ mm", "mm", 12),
        ("ANSWER: <250> mL", "mL", 250),
        ("3/2", "ratio", 1.5),
        ("larger than 250 mL.\nANSWER: 300 mL", "mL", 300),
    ],
)
def test_read(text, unit, value):
    assert parse_number(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "why"),
    [
        ("700-900", "mL", "range"),
        ("700–900 mL", "mL", "range"),
        ("700 to 900 mL", "mL", "range"),
        ("between 700 and 900 cm3", "mL", "range"),
        ("700 mL - 900 mL", "mL", "range"),
        ("3 x 4 x 5 cm", "mm", "list"),
        ("-5 mL", "mL", "negative"),
        ("ANSWER: -12 mm", "mm", "negative"),
        ("25 cm", "mL", "another dimension"),
        ("12 voxels", "mm", "another dimension"),
        ("no idea", "mL", "no number"),
        ("a 3D view of T12", "mm", "no number"),
        ("1e999 mL", "mL", "finite"),
        ("<think>250 mL", "mL", "no number"),
        ("ANSWER: 12 or 15 mL", "mL", "choice"),
        ("ANSWER: 12, 15 mL", "mL", "choice"),
        ("1/2 L", "mL", "choice"),
        ("less than 250 mL", "mL", "bound"),
        ("> 250", "mL", "bound"),
        ("12.5.3", "mL", "no number"),
        ("2^8", "count", "no number"),
        ("1M", "mm", "no number"),
    ],
)
def test_not_read(text, unit, why):
    read = read_number(text, unit)
    assert read.value is None
    assert why in read.reason


def test_thousands_of_numbers_take_no_time():
    started = time.process_time()
    assert parse_number("9 " * 20_000, "mL") == 9
    assert time.process_time() - started < 10, "a search over all that came before would take minutes"


@given(st.text(max_size=200), st.sampled_from(["mL", "mm", "%", "ratio", "count", ""]))
def test_never_an_error_and_never_a_negative_number(text, unit):
    value = parse_number(text, unit)
    assert value is None or (value >= 0 and value < float("inf"))


@given(
    st.floats(0.01, 99999), st.sampled_from([("mL", 1), ("L", 1000), ("cm3", 1), ("mm³", 0.001), ("cc", 1)])
)
def test_every_volume_unit_comes_out_in_millilitres(value, unit):
    name, factor = unit
    text = f"{value:.4f}"
    assert parse_number(f"I estimate {text} {name}.", "mL") == pytest.approx(float(text) * factor, rel=1e-9)


@given(st.integers(0, 10**9))
def test_thousands_separators_change_nothing(value):
    assert parse_number(f"{value:,} mm", "mm") == value
