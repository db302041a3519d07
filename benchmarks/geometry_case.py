"""A full-size case from its files to all its numbers: reading, everything, edits, opening again, many cases, growth, memory."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geometry_map
import nibabel as nib
import numpy as np
from geometry_timing import Row, cpu

from napari_spatialmed.case import CaseFiles, open_case
from napari_spatialmed.case.model import Case, Structure
from napari_spatialmed.case.volume import read_volume
from napari_spatialmed.geometry import CALCULATORS, CaseGeometry, measure, survey
from napari_spatialmed.geometry.batch import measure_case
from napari_spatialmed.geometry.components import label_runs, run_table
from napari_spatialmed.geometry.mesh import pattern_histograms
from napari_spatialmed.geometry.surfaces import all_surfaces

AFFINE = geometry_map.affine()
STATISTICS = (
    "voxels",
    "volume_ml",
    "centroid_ras_mm",
    "extent_mm",
    "box_mm",
    "principal_axes",
    "touches_border",
)
OF_ONE = tuple(n for n, c in CALCULATORS.items() if c.scope == "structure" and not c.needs_image)
WORKERS = 2
ALLOCATOR = {"MALLOC_TRIM_THRESHOLD_": 1 << 28, "MALLOC_MMAP_THRESHOLD_": 1 << 25}


def write_case(labels: np.ndarray, folder: Path) -> CaseFiles:
    """The map and a CT of it as gzipped NIfTI, as data sets hold them."""
    rng = np.random.default_rng(0)
    values = rng.integers(-120, 220, 256).astype(np.int16)
    values[0] = -1000
    scan = values[labels]
    noise = rng.normal(0, 12, scan.shape[1:]).astype(np.int16)
    for k in range(len(scan)):
        scan[k] += np.roll(noise, 37 * k)
    files = CaseFiles(folder / "labels.nii.gz", folder / "ct.nii.gz", key="labels")
    for path, array in ((files.labels, labels), (files.image, scan)):
        assert path is not None
        nib.save(nib.Nifti1Image(array.transpose(2, 1, 0), AFFINE[:, [2, 1, 0, 3]]), path)
    return files


def loading(files: CaseFiles) -> Iterator[Row]:
    for role, path in (("labels", files.labels), ("image", files.image)):
        assert path is not None
        theirs, reference = cpu(lambda path=path: np.asanyarray(nib.load(path).dataobj), 3)
        ours, volume = cpu(lambda path=path, role=role: read_volume(path, role), 3)
        assert volume.array.size == reference.size
        assert int(volume.array.sum(dtype=np.int64)) == int(reference.sum(dtype=np.int64))
        del volume, reference
        what = {"labels": "label map read and checked", "image": "CT read"}[role]
        yield what, ours, "nibabel, np.asanyarray(dataobj)", theirs, 1.0
        if role == "labels":
            floats, _ = cpu(lambda path=path: nib.load(path).get_fdata())
            yield what, ours, "nibabel, get_fdata (64-bit floats)", floats, None


def whole_case(files: CaseFiles) -> list[tuple[str, float]]:
    """CPU-seconds from the label map's file to all numbers of a case."""
    steps: dict[str, float] = {}

    def timed(name: str, function: Any) -> Any:
        spent, result = cpu(function)
        steps[name] = spent
        return result

    case = timed("open the label map", lambda: open_case(files.labels))
    geometry = CaseGeometry(case)
    geometry.prepare()
    names = [s.name for s in case.structures]
    timed(
        "counts, volumes, centroids, boxes, axes",
        lambda: [measure(geometry, n, s) for n in STATISTICS for s in names],
    )
    timed("pieces", lambda: [measure(geometry, "components", s) for s in names])
    timed(
        "areas, mesh volumes, sphericity",
        lambda: [
            measure(geometry, n, s)
            for n in ("surface_area_mm2", "crofton_area_mm2", "mesh_volume_ml", "sphericity")
            for s in names
        ],
    )
    timed(
        "boundaries, longest diameters", lambda: [measure(geometry, "longest_diameter_mm", s) for s in names]
    )
    timed("RECIST diameters", lambda: [measure(geometry, "axial_diameters_mm", s) for s in names])
    timed("what is left of one structure", lambda: [measure(geometry, n, s) for n in OF_ONE for s in names])
    pairs = list(itertools.combinations(names, 2))
    timed(
        f"distances, end points and directions of {len(pairs)} pairs", lambda: measure(geometry, "all_pairs")
    )
    timed(
        f"contact areas of {len(pairs)} pairs",
        lambda: [measure(geometry, "contact_area_mm2", a, b) for a, b in pairs],
    )
    return [*steps.items(), ("**whole case**", sum(steps.values()))]


def memory(labels: np.ndarray) -> list[tuple[str, float]]:
    """Peak of what is allocated above the map, as a share of the map's bytes."""
    known = survey(labels, AFFINE).labels

    def everything() -> object:
        geometry = CaseGeometry(case_of(labels))
        geometry.prepare()
        return [measure(geometry, n, s.name) for n in OF_ONE for s in geometry.case.structures]

    out = []
    for name, function in (
        ("survey", lambda: survey(labels, AFFINE)),
        ("boundary and contacts", lambda: all_surfaces(labels)),
        ("areas and mesh volumes", lambda: pattern_histograms(labels, known)),
        ("components", lambda: label_runs(run_table(labels))),
        ("everything of a case, kept for further questions", everything),
    ):
        tracemalloc.start()
        function()
        out.append((name, tracemalloc.get_traced_memory()[1] / labels.nbytes))
        tracemalloc.stop()
    return out


def case_of(labels: np.ndarray) -> Case:
    return Case(
        labels,
        AFFINE,
        tuple(Structure(int(v), f"s{v}", f"s{v}", f"s{v}") for v in survey(labels, AFFINE).labels),
    )


def editing(labels: np.ndarray) -> list[tuple[str, float]]:
    """Seconds (wall clock) from a brush stroke to fresh numbers, and from opening to numbers."""
    labels = labels.copy()
    case = case_of(labels)
    geometry = CaseGeometry(case)
    geometry.prepare()
    largest = geometry.case[int(geometry.survey.labels[geometry.survey.counts.argmax()])].name
    basic = ("voxels", "volume_ml", "centroid_ras_mm", "extent_mm", "touches_border")
    fast, slow = [], []
    for stroke in range(5):
        centre = geometry.boundary(largest)[(stroke * 7919) % len(geometry.boundary(largest))]
        region = tuple(slice(max(0, int(c) - 8), int(c) + 9) for c in centre)
        labels[region] = geometry.case[largest].label
        start = time.perf_counter()
        geometry.update(region)
        for name in basic:
            measure(geometry, name, largest)
        fast.append(time.perf_counter() - start)
        for name in ("surface_area_mm2", "components", "longest_diameter_mm"):
            measure(geometry, name, largest)
        slow.append(time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as home:
        os.environ["SPATIALMED_HOME"] = home

        def opened() -> float:
            start = time.perf_counter()
            fresh = CaseGeometry(case_of(labels), keep=True)
            fresh.prepare()
            for structure in fresh.case.structures:
                for name in OF_ONE:
                    measure(fresh, name, structure.name)
            spent = time.perf_counter() - start
            fresh.save()
            return spent

        first, second = opened(), opened()
    return [
        ("brush stroke → counts, volume, centroid, extent of the largest structure", float(np.median(fast))),
        ("the same with its mesh, pieces and longest diameter", float(np.median(slow))),
        ("all structure calculators of all structures, first opening", first),
        ("the same, second opening (hash of the map, nothing computed)", second),
    ]


def on_cluster(files: CaseFiles) -> list[tuple[str, float, float, float]]:
    """What, cases a minute of the clock, cases a minute by the processors' time, bar; on worker processes of Dask."""
    import dask
    import distributed

    # Dask's own setting makes a worker give every array of a few megabytes back to the system at once: twice the time.
    dask.config.set(
        {f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in ALLOCATOR.items()}
    )
    out = []
    with (
        distributed.LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.run(_measured, CaseFiles(files.labels, None, key="labels"), STATISTICS)
        for what, calculators, count, bar in (
            ("statistics of all structures", STATISTICS, 24, 250.0),
            ("everything of all structures", OF_ONE, 6, 8.0),
        ):
            label_map = CaseFiles(files.labels, None, key="labels")
            start = time.perf_counter()
            running = [client.submit(_measured, label_map, calculators, pure=False) for _ in range(count)]
            spent = client.gather(running)
            clock = time.perf_counter() - start
            out.append((what, 60.0 * count / clock, 60.0 * WORKERS / (sum(spent) / count), bar))
    return out


def _measured(files: CaseFiles, calculators: tuple[str, ...]) -> float:
    """What a worker does with a case, and the processor's time it took: of this thread, since Dask's own threads work by the clock."""
    start = time.thread_time()
    measure_case(files, None, calculators, ())
    return time.thread_time() - start


def scaling() -> list[tuple[int, int, dict[str, float]]]:
    """CPU-seconds at 1, 2, 4 and 8 times the voxels."""
    rows = []
    for times, shape in (
        (1, (300, 256, 256)),
        (2, (600, 256, 256)),
        (4, (600, 512, 256)),
        (8, (600, 512, 512)),
    ):
        labels = geometry_map.torso(shape)
        known = survey(labels, AFFINE).labels
        steps = {
            "survey": cpu(lambda labels=labels: survey(labels, AFFINE), 3)[0],
            "boundary and contacts": cpu(lambda labels=labels: all_surfaces(labels), 2)[0],
            "meshes": cpu(lambda labels=labels, known=known: pattern_histograms(labels, known), 2)[0],
            "components": cpu(lambda labels=labels: label_runs(run_table(labels)), 2)[0],
        }
        rows.append((times, int(all_surfaces(labels).flat.size), steps))
    return rows
