"""A place that can't be written is refused before the work, whichever command was to write there."""

from __future__ import annotations

from pathlib import Path

import pytest

from .small_scan import spatialmed, write_case


@pytest.mark.parametrize(
    "command",
    [
        ("build", "--cases", "{cases}", "--benchmark", "{new}", "--funnel", "{bad}"),
        ("measure", "--cases", "{cases}", "--out", "{bad}.csv"),
        ("report", "runs", "--benchmark", "{new}", "--out", "{bad}"),
        ("score", "answers.jsonl", "--benchmark", "{new}", "--out", "{bad}"),
        ("evaluate", "{new}", "--out", "{bad}"),
        ("export", "{new}", "--format", "csv", "--out", "{bad}"),
        ("merge", "{new}", "--out", "{bad}"),
        ("ask", "{cases}/labels.nii.gz", "--question", "What?", "--save-pictures", "{bad}"),
    ],
)
def test_nothing_is_done_for_what_cannot_be_written(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(tmp_path / "cases")
    (tmp_path / "file").write_text("no folder")
    new = tmp_path / "b.spatialmed.jsonl"
    places = {"cases": tmp_path / "cases", "new": new, "bad": tmp_path / "file" / "inside"}
    assert spatialmed(*[part.format(**places) for part in command]) == 3
    said = capsys.readouterr().err
    assert "can't be written (Not a directory)" in said
    assert "Nothing was done yet" in said
    assert not new.exists()


def test_what_is_there_is_left_as_it_is_until_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(tmp_path / "cases")
    held, new = tmp_path / "funnel.json", tmp_path / "b.spatialmed.jsonl"
    held.write_text("mine")
    arguments = ("build", "--cases", tmp_path / "none", "--benchmark", new, "--funnel", held)
    assert spatialmed(*arguments) == 3
    assert held.read_text() == "mine"
    deeper = tmp_path / "not" / "yet" / "funnel.json"
    assert spatialmed(*arguments[:2], tmp_path / "cases", *arguments[3:-1], deeper, "--per-case", 1) in (0, 4)
    assert '"total"' in deeper.read_text()
