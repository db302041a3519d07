"""The other ways in: the command line, and files that are opened in napari."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import napari
import nibabel as nib
import numpy as np
import pytest
from click.testing import CliRunner

from napari_spatialmed import benchmark, cli
from napari_spatialmed.benchmark import BenchmarkError
from napari_spatialmed.case import CaseError, CaseLibrary, open_case
from napari_spatialmed.cli.viewing import open_command
from napari_spatialmed.questions.model import AnswerKey, Question
from napari_spatialmed.viewer import opening
from napari_spatialmed.viewer.session import session_for

pytestmark = pytest.mark.gui


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A label map and its scan."""
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[5:15, 5:15, 5:15] = 1
    paths = tmp_path / "seg.nii.gz", tmp_path / "ct.nii.gz"
    nib.save(nib.Nifti1Image(labels, np.eye(4)), paths[0])
    nib.save(nib.Nifti1Image(labels.astype(np.int16) * 100, np.eye(4)), paths[1])
    return paths


def test_the_command_opens_the_workspace_around_the_scan(
    make_napari_viewer: Callable[..., napari.Viewer],
    monkeypatch: pytest.MonkeyPatch,
    files: tuple[Path, Path],
    tmp_path: Path,
    wait_for: Callable[[Callable[[], bool]], None],
) -> None:
    made = make_napari_viewer(show=True)
    opened = benchmark.create(tmp_path / "b.spatialmed.jsonl", actor="team")
    key = AnswerKey(task="COMP", form="comp.pair", structures=("liver", "spleen"))
    for name in ("q-000000000001", "q-000000000002"):
        opened.propose(
            Question(
                id=name, case="c", key=key, stem=name, options=("liver", "spleen"), answer="A", truth="liver"
            ),
            accepted=True,
        )
    monkeypatch.setattr(napari, "Viewer", lambda **_: made)
    monkeypatch.setattr(napari, "run", lambda: None)
    command = [str(files[0]), "--image", str(files[1]), "--benchmark", str(opened.path)]
    with pytest.raises(BenchmarkError, match="no question q-7"):
        CliRunner().invoke(open_command, [*command, "--question", "q-7"], catch_exceptions=False)
    result = CliRunner().invoke(
        open_command, [*command, "--question", "q-000000000002"], catch_exceptions=False
    )
    assert result.exit_code == 0
    session = session_for(made)
    # Where a report's worst item says to look.
    wait_for(lambda: session.question == "q-000000000002")
    assert session.case is not None
    assert session.case.image is not None
    known = CaseLibrary().find(session.case.id)
    assert known is not None, "questions about it find it again the next time"
    assert known.labels == files[0]
    assert {"Case (SpatialMed)", "Curate (SpatialMed)"} <= set(made.window.dock_widgets)


def test_bad_input_ends_before_a_window_opens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: object
) -> None:
    def never(**_: object) -> None:
        raise AssertionError("a window was opened")

    monkeypatch.setattr(napari, "Viewer", never)
    with pytest.raises(CaseError, match=r"nothing\.nii"):
        open_command.main([str(tmp_path / "nothing.nii.gz")], standalone_mode=False)
    with pytest.raises(SystemExit) as left:
        cli.main(["open", str(tmp_path / "nothing.nii.gz")])
    assert left.value.code == cli.EXIT_BAD_INPUT


def test_a_scan_and_its_labels_open_as_a_case(
    make_napari_viewer: Callable[..., napari.Viewer],
    wait_for: Callable[[Callable[[], bool]], None],
    files: tuple[Path, Path],
) -> None:
    viewer = make_napari_viewer()
    viewer.open([str(f) for f in files], plugin="napari-spatialmed", stack=True)
    session = session_for(viewer)
    wait_for(lambda: session.case is not None)
    assert [layer.name for layer in viewer.layers if len(layer.data) and layer.visible] == [
        "Scan",
        "Structures",
    ]


def test_a_scan_is_shown_where_its_place_cant_be_noted(
    make_napari_viewer: Callable[..., napari.Viewer],
    wait_for: Callable[[Callable[[], bool]], None],
    monkeypatch: pytest.MonkeyPatch,
    files: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    session, case = session_for(make_napari_viewer()), open_case(*files)
    (tmp_path / "no-folder").touch()
    monkeypatch.setenv("SPATIALMED_HOME", str(tmp_path / "no-folder"))
    told: list[str] = []
    monkeypatch.setattr(opening, "show_warning", told.append)
    session.open_case_async(*files)
    wait_for(lambda: session.case is not None)
    assert session.case is not None
    assert session.case.id == case.id
    assert len(told) == 1
    assert "can't be written" in told[0]
    opening.show_open(session, case)
    assert session.case is case
    assert len(told) == 1, "once for a folder, not for every scan"
