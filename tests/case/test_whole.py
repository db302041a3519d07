"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.whole import write_result, written_whole


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "labels.nii.gz"
    path.write_text("old")

    def fail_half_way() -> None:
        with written_whole(path) as beside:
            assert beside.name.endswith(".nii.gz")
            beside.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail_half_way()
    assert path.read_text() == "old"
    with written_whole(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_colleagues_can_read_what_is_saved(tmp_path: Path) -> None:
    plain, path = tmp_path / "plain", tmp_path / "names.json"
    plain.write_text("x")
    with written_whole(path) as beside:
        beside.write_text("{}")
    assert path.stat().st_mode == plain.stat().st_mode, "as any new file's, not the owner's alone"
    path.chmod(0o640)
    with written_whole(path) as beside:
        beside.write_text("{}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_result_is_the_same_bytes_on_every_system_and_says_where_it_cannot_be(tmp_path: Path) -> None:
    write_result(tmp_path / "not" / "yet" / "table.csv", "a,b\n1,2\n")
    assert (tmp_path / "not" / "yet" / "table.csv").read_bytes() == b"a,b\n1,2\n"
    (tmp_path / "file").touch()
    with pytest.raises(
        SpatialMedError, match=r"report\.html: it can't be written \(.*\)\. Choose another place"
    ):
        write_result(tmp_path / "file" / "report.html", "x")
