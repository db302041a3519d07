"""Each calculator beside what a user would pick instead, with both results compared."""

from __future__ import annotations

from collections.abc import Iterator

import cc3d
import edt
import geometry_map
import numpy as np
import SimpleITK as sitk
from geometry_timing import Row, cpu
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes, mesh_surface_area, regionprops, regionprops_table

from napari_spatialmed.geometry import survey
from napari_spatialmed.geometry.bricks import Bricks, make_bricks, metric_frame, smallest_distance
from napari_spatialmed.geometry.components import label_runs, run_table
from napari_spatialmed.geometry.diameters import longest_of_bricks
from napari_spatialmed.geometry.hausdorff import hausdorff
from napari_spatialmed.geometry.mesh import area_and_volume, pattern_histograms
from napari_spatialmed.geometry.surfaces import all_surfaces

AFFINE = geometry_map.affine()
SMALL = 5_000
"""scikit-image compares all vertices of the hull's mesh: more than five small compact organs is more than one waits for."""


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
    ours, _ = cpu(lambda: [longest_of_bricks(b) for b in bricks])
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
        "longest diameters of all, bricks known",
        ours,
        f"scikit-image's of five small ones (from {SMALL:,} voxels)",
        cpu(theirs)[0],
        1.0,
    )
