"""What form a structure has: mesh, axes and diameters, by the definitions of IBSI where it has one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.geometry.calculators.reading import flags_of, numbers, voxel_diagonal_mm
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.crofton import crofton_area, one_voxel_mm2
from napari_spatialmed.geometry.diameters import recist
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.neighbourhood import face_areas_mm2
from napari_spatialmed.geometry.registry import calculator

MESH = "marching cubes of the binary mask"


@calculator(
    "surface_area_mm2", scope="structure", unit="mm²", title="Surface area, mesh",
    description="Area in mm² of the structure's surface mesh; 8 to 27 % above a smooth body's true area, because voxels have steps (crofton_area_mm2 is nearer to it).",
    reference="IBSI C0JK, marching cubes mesh as in pyradiomics",
)  # fmt: skip
def surface_area_mm2(geometry: CaseGeometry, name: str) -> Measurement:
    """Area of the mesh; a voxel's largest face is the uncertainty."""
    area, _ = geometry.mesh(name)
    return Measurement(
        "surface_area_mm2",
        area,
        "mm²",
        float(face_areas_mm2(geometry.affine).max()),
        MESH,
        (name,),
        flags_of(geometry, name),
    )


@calculator(
    "crofton_area_mm2", scope="structure", unit="mm²", title="Surface area, smooth",
    description="Area in mm² of the structure's surface by counting crossings of straight lines: close to a smooth body's true area: within 0.5 % on cubes of voxels, mostly within 5 % on thick slices.",
    reference="Crofton's formula, 13 directions with Voronoi weights (Lehmann & Legland 2012)",
)  # fmt: skip
def crofton_area_mm2(geometry: CaseGeometry, name: str) -> Measurement:
    """Area by Crofton's formula; a voxel set on a flat face is the uncertainty."""
    return Measurement(
        "crofton_area_mm2", crofton_area(geometry.patterns(name), geometry.affine), "mm²", one_voxel_mm2(geometry.affine),
        "crossings of lines in 13 directions", (name,), flags_of(geometry, name),
    )  # fmt: skip


@calculator(
    "mesh_volume_ml", scope="structure", unit="mL", title="Mesh volume",
    description="Volume in mL inside the structure's surface mesh, a little below the volume by counting voxels.",
    reference="IBSI RNU0, marching cubes mesh",
)  # fmt: skip
def mesh_volume_ml(geometry: CaseGeometry, name: str) -> Measurement:
    """Volume inside the mesh; one voxel is the uncertainty."""
    _, volume = geometry.mesh(name)
    return Measurement(
        "mesh_volume_ml",
        volume / 1000.0,
        "mL",
        geometry.survey.voxel_ml,
        MESH,
        (name,),
        flags_of(geometry, name),
    )


@calculator(
    "sphericity", scope="structure", unit="ratio", title="Sphericity",
    description="How much the structure's form is like a ball's: 1 for a ball, less for anything else.",
    reference="IBSI QCFX, (36 π V²)^⅓ / A of the mesh",
)  # fmt: skip
def sphericity(geometry: CaseGeometry, name: str) -> Measurement:
    """(36πV²)^⅓ / A; the volume's and the area's relative uncertainties add up."""
    area, volume = geometry.mesh(name)
    value = float((36.0 * np.pi * volume**2) ** (1.0 / 3.0) / area)
    relative = (
        2.0 / 3.0 * geometry.survey.voxel_ml * 1000.0 / volume + face_areas_mm2(geometry.affine).max() / area
    )
    return Measurement(
        "sphericity", value, "ratio", float(value * relative), MESH, (name,), flags_of(geometry, name)
    )


def _axes(geometry: CaseGeometry, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Variances along the principal axes (largest first, shape (3,)) and the axes as rows (shape (3, 3))."""
    variances, vectors = np.linalg.eigh(geometry.survey.covariances_mm2[geometry.row(name)])
    return np.maximum(variances[::-1], 0.0), vectors.T[::-1]


def _length(geometry: CaseGeometry, calculator_name: str, name: str, rank: int) -> Measurement:
    variances, vectors = _axes(geometry, name)
    length = 4.0 * float(np.sqrt(variances[rank]))
    centre = geometry.survey.centroids_ras_mm[geometry.row(name)]
    ends = [numbers(centre - vectors[rank] * length / 2.0), numbers(centre + vectors[rank] * length / 2.0)]
    return Measurement(
        calculator_name, length, "mm", _length_uncertainty(geometry, name, variances[rank]), "4√λ of voxel centres' covariance",
        (name,), flags_of(geometry, name), {"points_ras_mm": ends},
    )  # fmt: skip


def _length_uncertainty(geometry: CaseGeometry, name: str, variance: float) -> float:
    """Change of 4√λ by one more voxel at half the box's diagonal from the centroid, along the axis."""
    row = geometry.row(name)
    far = float(np.linalg.norm(geometry.survey.extents_mm[row])) / 2.0
    count = int(geometry.survey.counts[row])
    return 4.0 * (
        float(np.sqrt(variance + max(0.0, far * far - variance) / (count + 1))) - float(np.sqrt(variance))
    )


@calculator(
    "major_axis_mm", scope="structure", unit="mm", title="Major axis",
    description="Length in mm of the structure's longest principal axis (four times the standard deviation along it).",
    reference="IBSI TDIC, 4√λ₁",
)  # fmt: skip
def major_axis_mm(geometry: CaseGeometry, name: str) -> Measurement:
    """Length of the first principal axis."""
    return _length(geometry, "major_axis_mm", name, 0)


@calculator(
    "minor_axis_mm", scope="structure", unit="mm", title="Minor axis",
    description="Length in mm of the structure's second principal axis.",
    reference="IBSI P9VJ, 4√λ₂",
)  # fmt: skip
def minor_axis_mm(geometry: CaseGeometry, name: str) -> Measurement:
    """Length of the second principal axis."""
    return _length(geometry, "minor_axis_mm", name, 1)


@calculator(
    "least_axis_mm", scope="structure", unit="mm", title="Least axis",
    description="Length in mm of the structure's shortest principal axis.",
    reference="IBSI 7J51, 4√λ₃",
)  # fmt: skip
def least_axis_mm(geometry: CaseGeometry, name: str) -> Measurement:
    """Length of the third principal axis."""
    return _length(geometry, "least_axis_mm", name, 2)


@calculator(
    "principal_axes", scope="structure", unit="mm", title="Principal axes",
    description="Directions (R, A, S) and lengths in mm of the structure's three principal axes, longest first.",
    reference="eigenvectors of the voxel centres' covariance; lengths 4√λ as IBSI",
)  # fmt: skip
def principal_axes(geometry: CaseGeometry, name: str) -> Measurement:
    """Axes as lines through the centroid."""
    variances, vectors = _axes(geometry, name)
    centre = geometry.survey.centroids_ras_mm[geometry.row(name)]
    lengths = 4.0 * np.sqrt(variances)
    axes = [
        {
            "length_mm": float(length),
            "direction_ras": numbers(vector),
            "points_ras_mm": [
                numbers(centre - vector * length / 2.0),
                numbers(centre + vector * length / 2.0),
            ],
        }
        for length, vector in zip(lengths, vectors, strict=True)
    ]
    own = float((geometry.spacing**2).max()) / 12.0
    return Measurement(
        "principal_axes", {"lengths_mm": numbers(lengths), "directions_ras": [numbers(v) for v in vectors]}, "mm",
        _length_uncertainty(geometry, name, variances[0]), "covariance of voxel centres", (name,), flags_of(geometry, name),
        {"axes": axes, "lengths_with_voxel_mm": numbers(4.0 * np.sqrt(variances + own))},
    )  # fmt: skip


def _ratio(geometry: CaseGeometry, calculator_name: str, name: str, rank: int) -> Measurement:
    variances, _ = _axes(geometry, name)
    value = float(np.sqrt(variances[rank] / variances[0])) if variances[0] > 0 else None
    flags = flags_of(geometry, name) + (("undecidable",) if value is None else ())
    uncertainty = None
    if value is not None:
        longest = 4.0 * float(np.sqrt(variances[0]))
        uncertainty = (
            _length_uncertainty(geometry, name, variances[rank])
            + value * _length_uncertainty(geometry, name, variances[0])
        ) / longest
    return Measurement(
        calculator_name, value, "ratio", uncertainty, "ratio of principal axes", (name,), flags
    )


@calculator(
    "elongation", scope="structure", unit="ratio", title="Elongation",
    description="Second principal axis over the longest: 1 for a ball or disc, near 0 for a rod.",
    reference="IBSI Q3CK, √(λ₂/λ₁)",
)  # fmt: skip
def elongation(geometry: CaseGeometry, name: str) -> Measurement:
    """√(λ₂/λ₁)."""
    return _ratio(geometry, "elongation", name, 1)


@calculator(
    "flatness", scope="structure", unit="ratio", title="Flatness",
    description="Shortest principal axis over the longest: 1 for a ball, near 0 for a sheet or rod.",
    reference="IBSI N17B, √(λ₃/λ₁)",
)  # fmt: skip
def flatness(geometry: CaseGeometry, name: str) -> Measurement:
    """√(λ₃/λ₁)."""
    return _ratio(geometry, "flatness", name, 2)


@calculator(
    "longest_diameter_mm", scope="structure", unit="mm", title="Longest diameter",
    description="Largest distance in mm between any two voxel centres of the structure, in any direction.",
    reference="Feret diameter between voxel centres, as SimpleITK's",
)  # fmt: skip
def longest_diameter_mm(geometry: CaseGeometry, name: str) -> Measurement:
    """Longest 3D diameter; one voxel's diagonal is the uncertainty."""
    length, a, b = geometry.diameter(name)
    index = geometry.bricks(name).index
    return Measurement(
        "longest_diameter_mm", length, "mm", voxel_diagonal_mm(geometry), "between voxel centres", (name,), flags_of(geometry, name),
        {"points_ras_mm": [numbers(geometry.to_ras(index[a])), numbers(geometry.to_ras(index[b]))]},
    )  # fmt: skip


@calculator(
    "axial_diameters_mm", scope="structure", unit="mm", title="Axial diameters",
    description="RECIST: the longest diameter on any axial slice and the longest perpendicular to it on the same slice, in mm; of the largest piece.",
    reference="RECIST 1.1, between voxel centres",
)  # fmt: skip
def axial_diameters_mm(geometry: CaseGeometry, name: str, *, piece: int = 0) -> Measurement:
    """Longest axial diameter and its perpendicular of one piece: RECIST measures each lesion by itself.

    Parameters
    ----------
    piece
        Which connected piece, 0 the largest.
    """
    index = geometry.piece_boundary(name, piece)
    flags = flags_of(geometry, name) + (("in pieces",) if len(geometry.pieces(name).sizes) > 1 else ())
    if not len(index):
        return Measurement(
            "axial_diameters_mm", None, "mm", None, f"no piece {piece}", (name,), (*flags, "undecidable")
        )
    found = geometry.made("axial", name, lambda: recist(index, geometry.frame, geometry.affine), key=piece)
    ends = [
        [numbers(geometry.to_ras(index[k])) for k in pair] for pair in (found.long_ends, found.short_ends)
    ]
    return Measurement(
        "axial_diameters_mm", {"long": found.long_mm, "short": found.short_mm}, "mm", voxel_diagonal_mm(geometry),
        "between voxel centres on one axial slice of one piece", (name,), flags,
        {
            "slice_index": found.slice_index, "points_ras_mm": ends[0], "perpendicular_points_ras_mm": ends[1],
            "piece": piece,
        },
    )  # fmt: skip
