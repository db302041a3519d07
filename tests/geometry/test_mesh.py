"""Areas and mesh volumes: closed cells, the published baseline of pyradiomics, analytic bodies."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from skimage.measure import marching_cubes, mesh_surface_area

from napari_spatialmed.case import open_case
from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.geometry.mesh import ITK_CORNERS, _cells, _face_area

from .conftest import blobs, build, plain_affine, rotation

FILES = {
    "brain1": "pyrad_brain1/brain1_label.nrrd",
    "breast1": "pyrad_breast1/breast1_label.nrrd",
    "lung1": "pyrad_lung_labels_only/lung1_label.nrrd",
    "lung2": "pyrad_lung_labels_only/lung2_label.nrrd",
}


def test_every_cell_encloses_its_volume() -> None:
    triangles, volumes = _cells()
    for pattern in range(1, 128):
        cell = np.array(
            [[[pattern >> ITK_CORNERS.index((i, p, q)) & 1 for q in (0, 1)] for p in (0, 1)] for i in (0, 1)]
        )
        corners = triangles[pattern]
        outward = np.cross(corners[:, 2] - corners[:, 0], corners[:, 1] - corners[:, 0]).sum(axis=0) / 2
        faces = [_face_area(np.take(cell, 1, k)) - _face_area(np.take(cell, 0, k)) for k in range(3)]
        np.testing.assert_allclose(outward + faces, 0, atol=1e-12)
        assert 0 < volumes[pattern] < 1


@pytest.fixture(scope="session")
def baseline(shared: Callable[[str], Path]) -> dict[str, dict[str, str]]:
    text = shared("oracles/pyradiomics_baseline_shape.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {case: {row["featureName"]: row[case] for row in rows} for case in FILES}


@pytest.fixture(params=list(FILES))
def against(
    request: pytest.FixtureRequest, baseline: dict, shared: Callable[[str], Path]
) -> tuple[str, CaseGeometry, Callable[[str], float]]:
    # pyradiomics looks at cells along the file's own axes, whatever they are in the patient; we always along L, P, S.
    # Read as if the file's axes were those, brain1 (whose second axis runs to anterior) is looked at as it did.
    image = sitk.ReadImage(str(shared(f"cases/{FILES[request.param]}")))
    labels = (sitk.GetArrayFromImage(image) == 1).astype(np.uint8)
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[2, 0], affine[1, 1], affine[0, 2] = (
        image.GetSpacing()[2],
        -image.GetSpacing()[1],
        -image.GetSpacing()[0],
    )
    return (
        request.param,
        CaseGeometry(build(labels, affine)),
        lambda name: float(baseline[request.param][f"original_shape_{name}"]),
    )


def value(geometry: CaseGeometry, calculator: str) -> float:
    found = measure(geometry, calculator, geometry.case.structures[0].name).value
    assert isinstance(found, (int, float))
    return float(found)


def test_the_published_baseline(against: tuple[str, CaseGeometry, Callable[[str], float]]) -> None:
    name, geometry, expected = against
    area, volume = value(geometry, "surface_area_mm2"), value(geometry, "mesh_volume_ml") * 1000
    if name == "brain1":
        # The baseline misses one triangle (5, 7, 0 of pattern 62) in two of its cells: 2.54364334 mm² each, and half
        # a voxel of volume with them.
        area, volume = area - 2 * 2.5436433404, volume + 6.5 * 0.78125**2 / 2
    assert area == pytest.approx(expected("SurfaceArea"), rel=1e-6)
    # Where inside voxels meet diagonally pyradiomics' mesh has holes, so its volume depends on the origin: lung2.
    assert volume == pytest.approx(expected("MeshVolume"), rel=2e-4 if name == "lung2" else 1e-6)
    assert value(geometry, "volume_ml") * 1000 == pytest.approx(expected("VoxelVolume"), rel=1e-9)
    for ours, theirs in (
        ("major_axis_mm", "MajorAxisLength"), ("minor_axis_mm", "MinorAxisLength"), ("least_axis_mm", "LeastAxisLength"),
        ("elongation", "Elongation"), ("flatness", "Flatness"),
    ):  # fmt: skip
        assert value(geometry, ours) == pytest.approx(expected(theirs), rel=1e-6)
    assert value(geometry, "sphericity") == pytest.approx(expected("Sphericity"), rel=1e-3)
    # Between voxel centres: below the mesh's diameter by at most a voxel's diagonal.
    diagonal = float(np.linalg.norm(geometry.spacing))
    assert (
        expected("Maximum3DDiameter") - diagonal
        <= value(geometry, "longest_diameter_mm")
        <= expected("Maximum3DDiameter")
    )


def test_flips_and_permutations_change_nothing() -> None:
    labels, affine = blobs(8), plain_affine((2.0, 0.7, 0.9))
    affine[:3, :3] = rotation(3) @ affine[:3, :3]
    expected = CaseGeometry(build(labels, affine))
    for order in itertools.permutations(range(3)):
        for flip in itertools.product((1, -1), repeat=3):
            turned = np.ascontiguousarray(labels.transpose(order)[tuple(slice(None, None, f) for f in flip)])
            moved = affine.copy()
            moved[:3, :3] = affine[:3, order] * flip
            corner = np.array([0 if f > 0 else n - 1 for f, n in zip(flip, turned.shape, strict=True)])
            moved[:3, 3] = affine[:3, 3] + affine[:3, order] @ corner
            geometry = CaseGeometry(build(turned, moved))
            for name in ("s1", "s2"):
                for calculator in (
                    "surface_area_mm2",
                    "crofton_area_mm2",
                    "mesh_volume_ml",
                    "longest_diameter_mm",
                    "volume_ml",
                    "major_axis_mm",
                ):
                    assert measure(geometry, calculator, name).value == pytest.approx(
                        measure(expected, calculator, name).value, rel=1e-9
                    )
                for calculator in ("centroid_ras_mm",):
                    np.testing.assert_allclose(
                        measure(geometry, calculator, name).value,
                        measure(expected, calculator, name).value,
                        atol=1e-9,
                    )
                ours, theirs = (
                    measure(geometry, "extent_mm", name).value,
                    measure(expected, "extent_mm", name).value,
                )
                assert ours == pytest.approx(theirs, abs=1e-9)
            ours, theirs = (measure(g, "axial_diameters_mm", "s1").value for g in (geometry, expected))
            assert ours == pytest.approx(theirs, abs=1e-9)
            for calculator in (
                "hausdorff_mm",
                "hausdorff95_mm",
                "contact_area_mm2",
                "overlap_after_dilation",
            ):
                assert measure(geometry, calculator, "s1", "s2").value == pytest.approx(
                    measure(expected, calculator, "s1", "s2").value, rel=1e-9
                )
            assert measure(geometry, "surface_distance_mm", "s1", "s2").value == pytest.approx(
                measure(expected, "surface_distance_mm", "s1", "s2").value
            )
            assert (
                measure(geometry, "direction", "s1", "s2").value
                == measure(expected, "direction", "s1", "s2").value
            )


def test_a_rigid_motion_changes_no_size() -> None:
    labels, affine = blobs(9), plain_affine((2.0, 0.7, 0.9))
    moved = affine.copy()
    moved[:3, :3] = rotation(11) @ affine[:3, :3]
    moved[:3, 3] += (100.0, -30.0, 5.0)
    still, turned = CaseGeometry(build(labels, affine)), CaseGeometry(build(labels, moved))
    for calculator in ("volume_ml", "longest_diameter_mm", "major_axis_mm", "flatness", "components"):
        assert measure(turned, calculator, "s1").value == pytest.approx(
            measure(still, calculator, "s1").value, rel=1e-9
        )
    for calculator in ("centre_distance_mm", "surface_distance_mm", "hausdorff_mm", "contact_area_mm2"):
        assert measure(turned, calculator, "s1", "s2").value == pytest.approx(
            measure(still, calculator, "s1", "s2").value, rel=1e-9
        )


def ellipsoid(
    radii: tuple[float, float, float], spacing: tuple[float, float, float], turn: np.ndarray
) -> tuple[CaseGeometry, float]:
    """A turned ellipsoid on a grid, and its area by integration."""
    size = [2 * int(np.ceil(max(radii) / step)) + 5 for step in spacing]
    grid = np.stack(np.meshgrid(*(np.arange(n) - n / 2 + 0.3 for n in size), indexing="ij"), axis=-1)
    place = (grid * np.array(spacing)) @ turn
    inside = ((place / np.array(radii)) ** 2).sum(axis=-1) <= 1
    # Σ |∂x/∂u × ∂x/∂v| over the unit sphere: the area element is abc · |(n/a, m/b, l/c)|.
    rows = (np.arange(400) + 0.5) / 400 * np.pi
    columns = (np.arange(800) + 0.5) / 800 * 2 * np.pi
    theta, phi = np.meshgrid(rows, columns, indexing="ij")
    normal = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    element = np.prod(radii) * np.linalg.norm(normal / np.array(radii)[:, None, None], axis=0)
    area = float((element * np.sin(theta)).sum() * (np.pi / 400) * (2 * np.pi / 800))
    return CaseGeometry(build(inside.astype(np.uint8), plain_affine(spacing))), area


@pytest.mark.parametrize("radii", [(14.0, 14.0, 14.0), (30.0, 20.0, 12.0), (25.0, 25.0, 8.0)])
@pytest.mark.parametrize(
    ("spacing", "within"), [((1.0, 1.0, 1.0), 0.006), ((3.0, 0.8, 0.8), 0.06), ((5.0, 0.8, 0.8), 0.06)]
)
def test_the_crofton_area_of_an_ellipsoid(
    radii: tuple[float, float, float], spacing: tuple[float, float, float], within: float
) -> None:
    for turn in (np.eye(3), rotation(5)):
        geometry, area = ellipsoid(radii, spacing, turn)
        ratio = value(geometry, "crofton_area_mm2") / area
        assert ratio == pytest.approx(1.0, abs=within)
        assert abs(ratio - 1) < abs(value(geometry, "surface_area_mm2") / area - 1)


def test_the_crofton_area_is_simpleitks_on_cubes_of_voxels_and_nearer_to_the_truth_on_others() -> None:
    for spacing, agree in (((1.0, 1.0, 1.0), True), ((3.0, 0.8, 0.8), False)):
        geometry, area = ellipsoid((30.0, 12.0, 12.0), spacing, np.eye(3))
        image = sitk.GetImageFromArray(geometry.labels)
        image.SetSpacing(spacing[::-1])
        found = sitk.LabelShapeStatisticsImageFilter()
        found.Execute(image)
        ours, theirs = value(geometry, "crofton_area_mm2"), found.GetPerimeter(1)
        assert (ours == pytest.approx(theirs, rel=1e-3)) is agree
        assert agree or abs(ours - area) < abs(theirs - area) / 2


def test_a_ball_converges_when_resampled_by_two() -> None:
    truth = {
        "mesh_volume_ml": 4 / 3 * np.pi * 12**3 / 1000,
        "longest_diameter_mm": 24.0,
        "major_axis_mm": 4 * 12 / np.sqrt(5),
    }
    errors = {}
    for spacing in (2.0, 1.0, 0.5):
        size = round(30 / spacing)
        grid = (np.stack(np.meshgrid(*[np.arange(size)] * 3, indexing="ij"), -1) - (size - 1) / 2) * spacing
        geometry = CaseGeometry(
            build((np.linalg.norm(grid, axis=-1) < 12).astype(np.uint8), plain_affine((spacing,) * 3))
        )
        for calculator, expected in truth.items():
            errors.setdefault(calculator, []).append(abs(value(geometry, calculator) - expected) / expected)
        # Steps of voxels add area that never goes away.
        assert 1.05 < value(geometry, "surface_area_mm2") / (4 * np.pi * 12**2) < 1.11
        assert value(geometry, "sphericity") < 1.0
    for found in errors.values():
        assert found[2] < found[0]
        assert found[2] < 0.03


def test_scikit_image_differs_by_ambiguous_cells_alone(shared: Callable[[str], Path]) -> None:
    case = open_case(shared("cases/ts_abdomen_ct/seg_total.nii.gz"), names="totalsegmentator")
    geometry = CaseGeometry(case)
    geometry.prepare()
    for structure in case.structures[:20]:
        row = geometry.row(structure.name)
        box = tuple(
            slice(a, b + 1)
            for a, b in zip(geometry.survey.index_min[row], geometry.survey.index_max[row], strict=True)
        )
        mask = np.pad(case.labels[box] == structure.label, 1).astype(np.float32)
        vertices, faces, _, _ = marching_cubes(mask, 0.5, method="lorensen", spacing=tuple(case.spacing))
        assert measure(geometry, "surface_area_mm2", structure.name).value == pytest.approx(
            mesh_surface_area(vertices, faces), rel=0.04
        )


def test_simpleitk_reads_the_same_axes() -> None:
    image = sitk.GetImageFromArray(blobs(2).astype(np.uint8))
    image.SetSpacing((0.9, 0.7, 2.0))
    found = sitk.LabelShapeStatisticsImageFilter()
    found.ComputeFeretDiameterOn()
    found.Execute(image)
    geometry = CaseGeometry(build(blobs(2), plain_affine((2.0, 0.7, 0.9))))
    for label in found.GetLabels():
        assert found.GetFeretDiameter(label) == pytest.approx(
            measure(geometry, "longest_diameter_mm", f"s{label}").value, abs=1e-6
        )
