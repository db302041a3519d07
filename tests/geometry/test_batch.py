"""Many cases: nothing is lost when a worker dies, a run is resumed, and a bad case stops no other."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_spatialmed.case import CaseFiles
from napari_spatialmed.geometry import batch
from napari_spatialmed.geometry.batch import BatchError, measure_case, measure_many
from napari_spatialmed.geometry.tables import TableError, write_table

from .conftest import blobs

CALCULATORS = ("voxels", "centroid_ras_mm", "extent_mm")


@pytest.fixture
def cases(tmp_path: Path) -> list[CaseFiles]:
    found = []
    for seed in range(6):
        path = tmp_path / f"case{seed}.nii.gz"
        nib.save(nib.Nifti1Image(blobs(seed), np.diag([1.0, 1.0, 2.0, 1.0])), path)
        found.append(CaseFiles(labels=path, key=path.name))
    return found


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_processes_measure_all_but_the_bad_case(cases: list[CaseFiles], tmp_path: Path) -> None:
    cases[2].labels.write_bytes(b"not a scan")
    told: list[tuple[int, int, str, str | None]] = []
    out = tmp_path / "table.jsonl"
    outcome = measure_many(
        cases, out, names=None, calculators=CALCULATORS, workers=2, progress=lambda *a: told.append(a)
    )
    assert list(outcome.failed) == ["case2.nii.gz"]
    assert sorted(outcome.done) == [f"case{k}.nii.gz" for k in (0, 1, 3, 4, 5)]
    assert {row["file"] for row in rows_of(out)} == set(outcome.done)
    assert [one[:2] for one in told] == [(k, 6) for k in range(1, 7)]

    nib.save(nib.Nifti1Image(blobs(2), np.eye(4)), cases[2].labels)
    again = measure_many(cases, out, names=None, calculators=CALCULATORS)
    assert (again.done, len(again.resumed)) == (["case2.nii.gz"], 5)
    assert len({row["file"] for row in rows_of(out)}) == 6
    assert not out.with_name(out.name + ".parts").exists()


def test_tables_hold_the_same_in_every_format(cases: list[CaseFiles], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [row for files in cases[:2] for row in measure_case(files, None, CALCULATORS, ())]
    for suffix in (".jsonl", ".csv", ".parquet"):
        write_table(tmp_path / f"table{suffix}", rows)
    assert rows_of(tmp_path / "table.jsonl") == rows
    assert parquet.read_table(tmp_path / "table.parquet").to_pylist() == rows
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        assert [int(row["voxels"]) for row in csv.DictReader(file)] == [row["voxels"] for row in rows]
    assert {"case", "file", "label", "name", "voxels", "centroid_ras_mm.R", "extent_mm.SI"} <= set(rows[0])
    assert not any(str(tmp_path) in str(value) for value in rows[0].values())


@pytest.mark.skipif(sys.platform != "linux", reason="names on other systems are text")
def test_a_folder_whose_name_is_not_utf_8_has_its_rows(cases: list[CaseFiles], tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"J\xf6rg")
    folder.mkdir()
    labels = cases[0].labels.rename(folder / "seg.nii.gz")
    rows = measure_case(CaseFiles(labels, key=f"{folder.name}/seg.nii.gz"), None, CALCULATORS, ())
    for suffix in (".csv", ".parquet"):
        write_table(tmp_path / f"table{suffix}", rows)
    assert rows[0]["file"] == "J\ufffdrg/seg.nii.gz"


def test_a_name_that_looks_like_a_formula_is_harmless_in_a_spreadsheet(tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv", [{"name": "=cmd()", "volume_ml": -1.5}])
    assert (tmp_path / "table.csv").read_text("utf-8").splitlines()[1] == "'=cmd(),-1.5"


def test_a_structure_that_was_asked_for_and_is_not_there_has_a_row_that_says_so(
    cases: list[CaseFiles], tmp_path: Path
) -> None:
    without = blobs(1)
    without[without == 2] = 0
    nib.save(nib.Nifti1Image(without, np.eye(4)), cases[1].labels)
    out = tmp_path / "table.jsonl"
    outcome = measure_many(
        cases[:2], out, names=None, calculators=CALCULATORS, wanted=("Label_1", "label_2", "spleen")
    )
    assert outcome.missing == {"label_2": ["case1.nii.gz"], "spleen": ["case0.nii.gz", "case1.nii.gz"]}
    assert [
        (row["file"], row["name"], row["status"], row.get("voxels") is not None) for row in rows_of(out)
    ] == [
        ("case0.nii.gz", "label_1", "measured", True),
        ("case0.nii.gz", "label_2", "measured", True),
        ("case0.nii.gz", "spleen", "not in this case", False),
        ("case1.nii.gz", "label_1", "measured", True),
        ("case1.nii.gz", "label_2", "not in this case", False),
        ("case1.nii.gz", "spleen", "not in this case", False),
    ]


def test_a_table_that_cannot_be_written_is_refused_before_anything_is_measured(
    cases: list[CaseFiles], tmp_path: Path
) -> None:
    with pytest.raises(TableError, match="table"):
        measure_many(cases, tmp_path / "table.xlsx", names=None, calculators=CALCULATORS)
    with pytest.raises(BatchError, match="no Dask scheduler"):
        measure_many(
            cases, tmp_path / "t.csv", names=None, calculators=CALCULATORS, scheduler="nonsense://nowhere"
        )


def test_a_killed_worker_of_a_cluster_loses_nothing(
    cases: list[CaseFiles], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    out = tmp_path / "table.jsonl"
    killed: list[int] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        pids = [worker.pid for worker in cluster.workers.values()]

        def kill_one(done: int, *_: object) -> None:
            if not killed:
                os.kill(pids[0], signal.SIGKILL)
                killed.append(done)

        outcome = measure_many(
            cases,
            out,
            names=None,
            calculators=CALCULATORS,
            scheduler=cluster.scheduler_address,
            progress=kill_one,
        )
    assert killed == [1]
    assert len(outcome.done) == 6
    assert outcome.failed == {}
    alone = tmp_path / "alone.jsonl"
    measure_many(cases, alone, names=None, calculators=CALCULATORS)
    assert rows_of(out) == rows_of(alone)


def test_a_case_that_kills_its_worker_is_given_up_and_the_others_are_not(
    cases: list[CaseFiles], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "measure_case", _die_on_case1)
    monkeypatch.setattr(batch, "get_context", lambda _: __import__("multiprocessing").get_context("fork"))
    outcome = measure_many(cases[:3], tmp_path / "t.jsonl", names=None, calculators=CALCULATORS, workers=2)
    assert list(outcome.failed) == ["case1.nii.gz"]
    assert "died" in outcome.failed["case1.nii.gz"]
    assert sorted(outcome.done) == ["case0.nii.gz", "case2.nii.gz"]


def _die_on_case1(files: CaseFiles, *_: object) -> list[dict[str, object]]:
    if files.key == "case1.nii.gz":
        os.kill(os.getpid(), signal.SIGKILL)
    return [{"file": files.key, "status": "measured"}]
