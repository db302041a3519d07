"""The fault program in its short form; `python benchmarks/durability.py` is the full one."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "durability.py"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills and limits are those of POSIX systems")


@pytest.fixture(scope="module")
def program() -> ModuleType:
    specification = importlib.util.spec_from_file_location("durability", PROGRAM)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["durability"] = module
    specification.loader.exec_module(module)
    return module


def test_kill_9_loses_no_acknowledged_edit(program: ModuleType, tmp_path: Path) -> None:
    result = program.kills(tmp_path, 12)
    assert result["acknowledged"] > 0
    assert not program.is_bad(result), result


def test_a_cut_anywhere_loses_no_earlier_event_and_is_seen(program: ModuleType, tmp_path: Path) -> None:
    result = program.truncation(tmp_path, notes=2, step=13)
    assert not program.is_bad(result), result


def test_a_flip_anywhere_loses_no_other_line_and_is_seen(program: ModuleType, tmp_path: Path) -> None:
    result = program.flips(tmp_path, notes=1, bits=1, step=29)
    assert not program.is_bad(result), result


def test_an_error_at_each_write_flush_fsync_and_rename(program: ModuleType, tmp_path: Path) -> None:
    result = program.injected_errors(tmp_path)
    assert result["errors"] >= 15
    assert not program.is_bad(result), result


def test_a_full_disk_says_so_and_keeps_what_was_acknowledged(program: ModuleType, tmp_path: Path) -> None:
    result = program.disk_full(tmp_path, 8_000)
    assert result["acknowledged"] > 0
    assert not program.is_bad(result), result


def test_several_programs_write_one_file(program: ModuleType, tmp_path: Path) -> None:
    result = program.writers(tmp_path, count=3, events=15)
    assert not program.is_bad(result), result


def test_a_clock_that_goes_backwards_changes_no_order(program: ModuleType, tmp_path: Path) -> None:
    result = program.clock_backwards(tmp_path)
    assert result["times_went_back"]
    assert not program.is_bad(result), result
