"""Speed and memory of the geometry beside what a user would pick instead: one run, the same data.

    OMP_NUM_THREADS=1 python benchmarks/geometry.py [--quick] [--write docs/reference/speed.md]

Needs cc3d and edt beside the package (both LGPL: measured against here, never imported by the product).
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from pathlib import Path

import geometry_map
import numpy as np
from geometry_beside import components, diameters, meshes, pairs, statistics
from geometry_case import WORKERS, editing, loading, memory, on_cluster, scaling, whole_case, write_case
from geometry_timing import Row


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--quick", action="store_true", help="a smaller map and fewer pairs: the bars are for the whole one"
    )
    parser.add_argument("--write", type=Path, help="the docs page to write")
    arguments = parser.parse_args()
    labels = geometry_map.torso((300, 256, 256) if arguments.quick else geometry_map.SHAPE)
    load = os.getloadavg()[0]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        files = write_case(labels, Path(folder))
        for part in (
            statistics(labels),
            meshes(labels),
            components(labels),
            diameters(labels),
            pairs(labels, arguments.quick),
            loading(files),
        ):
            for row in part:
                rows.append(row)
                print(as_line(row), flush=True)
        whole, rates = whole_case(files), on_cluster(files)
    text = "\n".join(
        [
            *head(labels, load),
            *map(as_line, rows),
            *remarks(),
            *of_the_case(whole, rates),
            *of_edits(editing(labels)),
            *of_memory(memory(labels)),
            *of_growth(scaling()),
        ]
    )
    print(text[text.index("## A whole case") :])
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")


def as_line(row: Row) -> str:
    what, ours, against, theirs, bar = row
    return f"| {what} | {ours:.3g} | {against} | {theirs:.3g} | {ours / theirs:.2g} | {verdict(ours / theirs, bar)} |"


def verdict(ratio: float, bar: float | None) -> str:
    return "" if bar is None else f"{bar:g} {'met' if ratio <= bar else '**not met**'}"


def head(labels: np.ndarray, load: float) -> list[str]:
    return [
        "# Speed and memory",
        "",
        "Written by `OMP_NUM_THREADS=1 python benchmarks/geometry.py --write docs/reference/speed.md`. One run, one thread, the same data for all: a synthetic "
        f"{' × '.join(map(str, labels.shape))} map of {len(np.unique(labels)) - 1} labels ({100 * (labels != 0).mean():.0f} % labelled), uint8, voxels of "
        f"{' × '.join(map(str, geometry_map.SPACING))} mm. CPU-seconds; the ratios are what counts, and a bar is the highest that we accept. "
        f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the start "
        "(other programs on the machine make CPU-seconds longer on both sides).",
        "",
        "Results of both sides are compared in the same run: equal counts, identical partitions, distances within 1e-9 mm, areas within 2 % "
        "(marching cubes libraries treat ambiguous cells in different ways, see [conventions](../explanation/conventions.md)), equal sums of voxels read.",
        "",
        "| what | ours, s | against | its, s | ratio | bar |",
        "| --- | --- | --- | --- | --- | --- |",
    ]


def remarks() -> list[str]:
    return [
        "",
        "The bar for diameters depends on the structures that scikit-image is given: its time grows with the square of the mesh's vertices, and it ran out of memory "
        "(137 GiB) on structures scattered over the map, so compact ones are taken. One `edt` transform stands for all labels.",
        "",
    ]


def of_the_case(whole: list[tuple[str, float]], rates: list[tuple[str, float, float, float]]) -> list[str]:
    total = whole[-1][1]
    return [
        "## A whole case",
        "",
        f"From the label map's file to every number of every structure and pair. Bar: 15 CPU-seconds, {'met' if total <= 15 else '**not met**'}.",
        "",
        "| step | CPU-s |",
        "| --- | --- |",
        *(f"| {name} | {seconds:.2f} |" for name, seconds in whole),
        "",
        "## Many cases",
        "",
        f"Cases of this size a minute on {WORKERS} worker processes of a local Dask cluster, files included, once each worker has had its first. By the clock is what this machine gave, with whatever else "
        "ran on it; by CPU time it is what two free cores would give.",
        "",
        "| what | a minute, by the clock | by CPU time | bar |",
        "| --- | --- | --- | --- |",
        *(
            f"| {what} | {clock:.0f} | {free:.0f} | {bar:g} {'met' if free >= bar else '**not met**'} |"
            for what, clock, free, bar in rates
        ),
        "",
    ]


def of_edits(strokes: list[tuple[str, float]]) -> list[str]:
    return [
        "## Editing and opening again",
        "",
        "Wall clock, median of five strokes of a 17-voxel brush. Bar for a stroke: 100 ms.",
        "",
        "| what | ms |",
        "| --- | --- |",
        *(f"| {name} | {1000 * seconds:.0f} |" for name, seconds in strokes),
        "",
        "What was measured in the viewer or by `spatialmed measure` is kept in the cache folder, by a hash of the label map, its names, the scan and the calculators' version, "
        "and found again by any process. At most 256 MB are kept; what was not asked for longest goes first; a damaged file is computed anew.",
        "",
    ]


def of_memory(peaks: list[tuple[str, float]]) -> list[str]:
    return [
        "## Memory",
        "",
        "Peak allocated above the label map, as a multiple of the map's bytes. Bars: 1 for statistics, 3 for everything.",
        "",
        "| what | × map |",
        "| --- | --- |",
        *(f"| {name} | {share:.2f} |" for name, share in peaks),
        "",
    ]


def of_growth(scales: list[tuple[int, int, dict[str, float]]]) -> list[str]:
    names = list(scales[0][2])
    return [
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


if __name__ == "__main__":
    main()
