"""Speed and memory of the geometry beside what a user would pick instead: one run, the same data.

    python benchmarks/geometry.py [--quick] [--write docs/reference/speed.md]

Needs cc3d and edt beside the package (both LGPL: measured against here, never imported by the product).
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cc3d
import edt
import geometry_map
import numpy as np
import SimpleITK as sitk
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes, mesh_surface_area, regionprops, regionprops_table

from napari_spatialmed.case.model import Case, Structure
from napari_spatialmed.geometry import CALCULATORS, CaseGeometry, measure, survey
from napari_spatialmed.geometry.bricks import Bricks, make_bricks, metric_frame, smallest_distance
from napari_spatialmed.geometry.components import label_runs, run_table
from napari_spatialmed.geometry.diameters import longest
from napari_spatialmed.geometry.hausdorff import hausdorff
from napari_spatialmed.geometry.mesh import area_and_volume, pattern_histograms
from napari_spatialmed.geometry.surfaces import all_surfaces

AFFINE = geometry_map.affine()
SMALL = 5_000
"""scikit-image compares all vertices of the hull's mesh: more than five small compact organs is more than one waits for."""
Row = tuple[str, float, str, float, float | None]
"""What, our CPU-s, against what, its CPU-s, the bar for the ratio."""


def cpu(function: Callable[[], Any], repeat: int = 1) -> tuple[float, Any]:
    """Least CPU-seconds of some calls, and the last result."""
    best, result = np.inf, None
    for _ in range(repeat):
        start = time.process_time()
        result = function()
        best = min(best, time.process_time() - start)
    return best, result


def bricks_of(labels: np.ndarray) -> list[Bricks]:
    found, frame = all_surfaces(labels), metric_frame(AFFINE)
    return [
        make_bricks(np.column_stack(np.unravel_index(found.flat[a:b], labels.shape)).astype(np.int32), frame)
        for a, b in zip(found.starts[:-1], found.starts[1:], strict=True)
    ]


def statistics(labels: np.ndarray) -> Iterator[Row]:
    ours, found = cpu(lambda: survey(labels, AFFINE), 3)
    theirs, reference = cpu(lambda: cc3d.statistics(labels), 2)
    assert (reference["voxel_counts"][found.labels] == found.counts).all()
    yield "survey: counts, centroids, second moments, boxes", ours, "cc3d.statistics", theirs, 0.25
    fused, _ = cpu(lambda: (survey(labels, AFFINE), all_surfaces(labels)), 3)
    yield "the same with contacts and boundary voxels", fused, "cc3d.statistics", theirs, 1.0
    contacts, _ = cpu(lambda: cc3d.contacts(labels, connectivity=6, surface_area=False))
    yield (
        "the same with contacts and boundary voxels",
        fused,
        "cc3d.statistics + cc3d.contacts",
        theirs + contacts,
        None,
    )
    image = sitk.GetImageFromArray(labels)
    other, _ = cpu(lambda: sitk.LabelShapeStatisticsImageFilter().Execute(image))
    yield "survey", ours, "SimpleITK LabelShapeStatistics", other, None
    other, _ = cpu(lambda: regionprops_table(labels, properties=("label", "area", "centroid", "bbox")))
    yield "survey", ours, "scikit-image regionprops_table", other, None


def meshes(labels: np.ndarray) -> Iterator[Row]:
    found = survey(labels, AFFINE)

    def ours() -> list[tuple[float, float]]:
        histograms = pattern_histograms(labels, found.labels)
        return [area_and_volume(h, int(n), AFFINE) for h, n in zip(histograms, found.counts, strict=True)]

    def theirs() -> list[float]:
        areas = []
        for row, label in enumerate(found.labels):
            box = tuple(
                slice(a, b + 1) for a, b in zip(found.index_min[row], found.index_max[row], strict=True)
            )
            mask = np.pad(labels[box] == label, 1)
            areas.append(
                mesh_surface_area(
                    *marching_cubes(mask, 0.5, spacing=geometry_map.SPACING, method="lorensen")[:2]
                )
            )
        return areas

    mine, values = cpu(ours, 2)
    other, reference = cpu(theirs)
    assert np.allclose([area for area, _ in values], reference, rtol=0.02)
    yield "areas and mesh volumes of all", mine, "scikit-image marching cubes, each on its crop", other, 1.0


def components(labels: np.ndarray) -> Iterator[Row]:
    ours, piece = cpu(lambda: label_runs(run_table(labels)), 3)
    theirs, other = cpu(lambda: cc3d.connected_components(labels, connectivity=26), 2)
    runs = run_table(labels)
    width = labels.shape[1]
    pairs = np.unique(
        np.column_stack([piece, other[runs.row // width, runs.row % width, runs.first]]), axis=0
    )
    assert len(pairs) == piece.max() + 1 == other.max()
    yield "components of all (26 neighbours)", ours, "cc3d.connected_components", theirs, 0.4


def pairs(labels: np.ndarray, quick: bool) -> Iterator[Row]:
    making, bricks = cpu(lambda: bricks_of(labels))
    chosen = [(i, j) for i in range(len(bricks)) for j in range(i)]
    step = float(min(geometry_map.SPACING))
    sample = [
        chosen[k] for k in np.random.default_rng(1).choice(len(chosen), 60 if quick else 120, replace=False)
    ]
    share = len(sample) / len(chosen)
    ours_sampled, distances = cpu(
        lambda: [smallest_distance(bricks[i], bricks[j], step)[0] for i, j in sample]
    )
    building, trees = cpu(lambda: [cKDTree(b.points) for b in bricks])
    theirs_sampled, reference = cpu(lambda: [by_pruned_tree(bricks, trees, i, j) for i, j in sample])
    assert np.abs(np.array(distances) - reference).max() < 1e-9
    ours = making + ours_sampled / share
    if not quick:
        ours = making + cpu(lambda: [smallest_distance(bricks[i], bricks[j], step)[0] for i, j in chosen])[0]
    theirs = building + theirs_sampled / share
    yield (
        f"all {len(chosen)} pairs, boundary and bricks included",
        ours,
        f"cKDTrees, points pruned by box and a sampled bound ({len(sample)} pairs, scaled)",
        theirs,
        0.5,
    )
    one, _ = cpu(lambda: edt.edt(labels != 1, anisotropy=geometry_map.SPACING, parallel=1))
    yield (
        f"all {len(chosen)} pairs, boundary and bricks included",
        ours,
        "one edt transform per label (1, scaled)",
        one * len(bricks),
        0.01,
    )
    some = sample[:12]
    crops, both = [], []
    for i, j in some:
        spent, _ = cpu(lambda i=i, j=j: edt_on_crop(labels, bricks, i, j))
        crops.append(spent)
        both.append(spent + cpu(lambda i=i, j=j: edt_on_crop(labels, bricks, j, i))[0])
    single, _ = cpu(lambda: [smallest_distance(bricks[i], bricks[j], step) for i, j in some], 3)
    yield (
        "one pair, bricks cached (mean of 12)",
        single / 12,
        "edt on the pair's crop",
        float(np.mean(crops)),
        0.02,
    )
    worst, _ = cpu(lambda: [hausdorff(bricks[i], bricks[j]) for i, j in some])
    yield (
        "Hausdorff and HD95 (mean of 12)",
        worst / 12,
        "edt both ways on the crop",
        float(np.mean(both)),
        0.8,
    )


def by_pruned_tree(bricks: list[Bricks], trees: list[cKDTree], i: int, j: int) -> float:
    """What a careful user writes: query the smaller's points that the other's box doesn't rule out."""
    a, b = (i, j) if len(bricks[i].points) <= len(bricks[j].points) else (j, i)
    points, other = bricks[a].points, bricks[b].points
    bound = trees[b].query(points[:: max(1, len(points) // 50)])[0].min()
    gap = np.maximum(0, np.maximum(other.min(axis=0) - points, points - other.max(axis=0)))
    near = points[np.einsum("ij,ij->i", gap, gap) <= bound * bound]
    return float(min(bound, trees[b].query(near, distance_upper_bound=bound)[0].min(initial=np.inf)))


def edt_on_crop(labels: np.ndarray, bricks: list[Bricks], i: int, j: int) -> float:
    """Distance transform of one structure on the box of both, read at the other's boundary."""
    low = np.minimum(bricks[i].index.min(axis=0), bricks[j].index.min(axis=0))
    high = np.maximum(bricks[i].index.max(axis=0), bricks[j].index.max(axis=0)) + 1
    crop = labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    target = labels[tuple(bricks[i].index[0])]
    distance = edt.edt(crop != target, anisotropy=geometry_map.SPACING, parallel=1)
    return float(distance[tuple((bricks[j].index - low).T)].min())


def diameters(labels: np.ndarray) -> Iterator[Row]:
    bricks = bricks_of(labels)
    ours, _ = cpu(lambda: [longest(b.points) for b in bricks])
    found = survey(labels, AFFINE)
    boxes = (found.index_max - found.index_min + 1).prod(axis=1)
    small = np.flatnonzero((found.counts >= SMALL) & (boxes < 4 * found.counts))
    five = found.labels[small[np.argsort(found.counts[small])]][:5]

    def theirs() -> list[float]:
        out = []
        for label in five:
            row = found.row(int(label))
            box = tuple(
                slice(a, b + 1) for a, b in zip(found.index_min[row], found.index_max[row], strict=True)
            )
            out.append(regionprops((labels[box] == label).astype(np.uint8))[0].feret_diameter_max)
        return out

    yield (
        "longest diameters of all",
        ours,
        f"scikit-image's of five small ones (from {SMALL:,} voxels)",
        cpu(theirs)[0],
        1.0,
    )


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


def memory(labels: np.ndarray) -> list[tuple[str, float]]:
    """Peak of what is allocated above the map, as a share of the map's bytes."""
    known = survey(labels, AFFINE).labels

    def everything() -> object:
        geometry = CaseGeometry(case_of(labels))
        geometry.prepare()
        return [measure(geometry, "longest_diameter_mm", s.name) for s in geometry.case.structures]

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
        wanted = [
            n
            for n, c in CALCULATORS.items()
            if c.scope == "structure" and n not in ("intensity", "laterality")
        ]

        def opened() -> float:
            start = time.perf_counter()
            fresh = CaseGeometry(case_of(labels), keep=True)
            if not any(Path(home).rglob("*.gz")):
                fresh.prepare()
            for structure in fresh.case.structures:
                for name in wanted:
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--quick", action="store_true", help="a smaller map and fewer pairs; ratios are rougher"
    )
    parser.add_argument("--write", type=Path, help="the docs page to write")
    arguments = parser.parse_args()
    labels = geometry_map.torso((300, 256, 256) if arguments.quick else geometry_map.SHAPE)
    rows: list[Row] = []
    for part in (
        statistics(labels),
        meshes(labels),
        components(labels),
        diameters(labels),
        pairs(labels, arguments.quick),
    ):
        for row in part:
            rows.append(row)
            print(as_line(row), flush=True)
    peaks, strokes, scales = memory(labels), editing(labels), scaling()
    text = page(labels, rows, peaks, strokes, scales)
    print(text[text.index("## Memory") :])
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")


def as_line(row: Row) -> str:
    what, ours, against, theirs, bar = row
    ratio = ours / theirs
    verdict = "" if bar is None else f"{bar:g} {'met' if ratio <= bar else '**not met**'}"
    return f"| {what} | {ours:.3g} | {against} | {theirs:.3g} | {ratio:.2g} | {verdict} |"


def page(
    labels: np.ndarray, rows: list[Row], peaks: list[tuple[str, float]], strokes: list[tuple[str, float]],
    scales: list[tuple[int, int, dict[str, float]]],
) -> str:  # fmt: skip
    shape = " × ".join(map(str, labels.shape))
    names = list(scales[0][2])
    lines = [
        "# Speed and memory",
        "",
        "Written by `python benchmarks/geometry.py --write docs/reference/speed.md`. One run, one thread, the same data for all: a synthetic "
        f"{shape} map of {len(np.unique(labels)) - 1} labels ({100 * (labels != 0).mean():.0f} % labelled), uint8, voxels of "
        f"{' × '.join(map(str, geometry_map.SPACING))} mm. CPU-seconds; the ratios are what counts. "
        f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}.",
        "",
        "Results of both sides are compared in the same run: equal counts, identical partitions, distances within 1e-9 mm, areas within 2 % "
        "(marching cubes libraries treat ambiguous cells in different ways, see [conventions](../explanation/conventions.md)).",
        "",
        "| what | ours, s | against | its, s | ratio | bar |",
        "| --- | --- | --- | --- | --- | --- |",
        *map(as_line, rows),
        "",
        "The bar for diameters depends on the structures that scikit-image is given: its time grows with the square of the mesh's vertices, and it ran out of memory "
        "(137 GiB) on structures scattered over the map, so compact ones are taken. One `edt` transform stands for all labels; that ratio moves around its bar between runs.",
        "",
        "## Memory",
        "",
        "Peak allocated above the label map, as a multiple of the map's bytes. Bars: 1 for statistics, 3 for everything.",
        "",
        "| what | × map |",
        "| --- | --- |",
        *(f"| {name} | {share:.2f} |" for name, share in peaks),
        "",
        "## Editing and opening again",
        "",
        "Wall clock, median of five strokes of a 17-voxel brush. Bar for a stroke: 100 ms.",
        "",
        "| what | ms |",
        "| --- | --- |",
        *(f"| {name} | {1000 * seconds:.0f} |" for name, seconds in strokes),
        "",
        "## Growth",
        "",
        "CPU-seconds with the number of voxels.",
        "",
        "| voxels | boundary voxels | " + " | ".join(names) + " |",
        "| --- | --- | " + " | ".join("---" for _ in names) + " |",
        *(
            f"| {times}× | {boundary:,} | " + " | ".join(f"{steps[name]:.3f}" for name in names) + " |"
            for times, boundary, steps in scales
        ),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
