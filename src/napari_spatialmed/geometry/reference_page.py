"""The documentation's page of all calculators, written from the registry so that it can't fall behind.

``python -m napari_spatialmed.geometry.reference_page > docs/reference/calculators.md``
"""

from __future__ import annotations

import sys

from napari_spatialmed.geometry import CALCULATORS, CALCULATORS_VERSION
from napari_spatialmed.geometry.registry import Calculator, Scope

UNCERTAINTY: dict[str, str] = {
    "voxels": "1",
    "volume_ml": "one voxel's volume",
    "centroid_ras_mm": "shift by one more voxel at a corner of the box: half the box's diagonal / (N + 1)",
    "box_mm": "one voxel's width projected on the axis; the largest of the three (each in the detail)",
    "extent_mm": "one voxel's width projected on the axis; the largest of the three (each in the detail)",
    "touches_border": "–",
    "components": "1: a voxel can bridge or cut",
    "principal_axes": "change of the first axis' 4√λ by one more voxel half the box's diagonal away along it",
    "major_axis_mm": "change of 4√λ by one more voxel half the box's diagonal away along the axis",
    "minor_axis_mm": "the same",
    "least_axis_mm": "the same",
    "surface_area_mm2": "a voxel's largest face",
    "crofton_area_mm2": "crossings of one voxel set on a flat face with its neighbours beside it",
    "mesh_volume_ml": "one voxel's volume",
    "sphericity": "ψ · (⅔ · voxel / V + largest face / A)",
    "elongation": "both axes' uncertainties, carried through the ratio",
    "flatness": "both axes' uncertainties, carried through the ratio",
    "longest_diameter_mm": "one voxel's diagonal",
    "axial_diameters_mm": "one voxel's diagonal",
    "intensity": "of the mean: a voxel at the far end of the range, (max − min) / (N + 1)",
    "laterality": "–; `midline` where the centroid is nearer to the midline than that is known, null where nothing tells the midline",
    "centre_distance_mm": "both centroids' uncertainties added",
    "surface_distance_mm": "half a voxel's diagonal",
    "hausdorff_mm": "one voxel's diagonal",
    "hausdorff95_mm": "one voxel's diagonal (an upper bound)",
    "contact_area_mm2": "a voxel's largest face",
    "overlap_after_dilation": "one voxel of the shell, 1 / shell voxels",
    "direction": "–; the margin along each axis is in the detail",
    "margin_mm": "half a voxel's diagonal",
    "host": "–; all shares are in the detail",
    "lesion_burden_percent": "one voxel, 100 / voxels of organ and lesion",
    "ranking": "–; `undecidable` if two neighbours are within twice the measure's uncertainty",
    "nearest": "–; `undecidable` if the runner-up is within the distance's uncertainty",
    "farthest": "–; `undecidable` if the runner-up is within the distance's uncertainty",
    "asymmetry_percent": "one voxel more on the smaller side: 400 · larger side / (total · (total + 1))",
    "lesion_count": "1",
    "all_pairs": "half a voxel's diagonal for the surface distances",
}
"""What one voxel at the boundary changes, in words."""

SECTIONS: tuple[tuple[Scope, str, str], ...] = (
    ("structure", "Of one structure", "`measure(geometry, NAME, structure)`"),
    (
        "pair",
        "Of two structures",
        "`measure(geometry, NAME, a, b)`; the order matters where the description says *first* and *second*.",
    ),
    ("case", "Of a case", "`measure(geometry, NAME, *structures)`."),
)


def page() -> str:
    """The page as Markdown."""
    lines = [
        "# Calculators",
        "",
        "<!-- Written by python -m napari_spatialmed.geometry.reference_page; edit the calculators instead. -->",
        "",
        f"All numbers come from these functions (definitions' version {CALCULATORS_VERSION}). Each gives a value with its unit, its uncertainty (how "
        "much one voxel at the boundary changes it), the method, flags, and in `detail` what a drawing needs: end points, boxes and axes in RAS mm. "
        "Conventions and where libraries differ: [conventions](../explanation/conventions.md).",
        "",
        "On the command line: `spatialmed measure LABELS --calculators all` or `--calculators NAME,NAME`.",
        "",
        "Flags: `truncated` (touches the border of the scanned volume), `small` (under 50 voxels, lesions under 20), `in pieces`, `touching`, "
        "`undecidable` (then the value is null, or must not be asked about).",
        "",
    ]
    for scope, title, call in SECTIONS:
        lines += [f"## {title}", "", call, ""]
        lines += [
            "| name | unit | what | definition | one boundary voxel changes it by |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [_row(one) for one in map(CALCULATORS.__getitem__, UNCERTAINTY) if one.scope == scope]
        lines.append("")
    return "\n".join(lines)


def _row(one: Calculator) -> str:
    given = ", ".join(f"`{name}={parameter.default!r}`" for name, parameter in one.parameters.items())
    what = one.description + (f" Parameters: {given}." if given else "")
    unit = one.unit or ("HU in CT" if one.needs_image else "–")
    return f"| `{one.name}` | {unit} | {what} | {one.reference} | {UNCERTAINTY[one.name]} |".replace(
        "||", "| |"
    )


if __name__ == "__main__":
    sys.stdout.write(page())
