"""How two structures meet: worst distances, contact, dilated overlap, margins."""

from __future__ import annotations

import numpy as np

from napari_spatialmed.geometry.calculators.distance import surface_distance_mm
from napari_spatialmed.geometry.calculators.reading import flags_of, numbers, voxel_diagonal_mm
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.neighbourhood import face_areas_mm2, shell
from napari_spatialmed.geometry.pairs import faces_between, to_capsule, worst_distance
from napari_spatialmed.geometry.registry import calculator


@calculator(
    "hausdorff_mm", scope="pair", unit="mm", title="Hausdorff distance",
    description="Largest distance in mm from any surface point of one structure to the nearest of the other, the greater of both ways.",
    reference="Hausdorff distance of boundary voxel centres",
)  # fmt: skip
def hausdorff_mm(geometry: CaseGeometry, a: str, b: str) -> Measurement:
    """Hausdorff distance of the two boundaries; one voxel's diagonal is the uncertainty."""
    found = worst_distance(geometry, a, b)
    ends = [geometry.bricks(n).index[k] for n, k in zip((a, b), found.ends, strict=True)]
    return Measurement(
        "hausdorff_mm", found.hausdorff, "mm", voxel_diagonal_mm(geometry), "between boundary voxel centres", (a, b),
        flags_of(geometry, a, b), {"points_ras_mm": [numbers(geometry.to_ras(end)) for end in ends]},
    )  # fmt: skip


@calculator(
    "hausdorff95_mm", scope="pair", unit="mm", title="95 % Hausdorff distance",
    description="Distance in mm below which 95 % of one structure's surface lies from the other, the greater of both ways.",
    reference="larger of both directed 95th percentiles (Metrics Reloaded)",
)  # fmt: skip
def hausdorff95_mm(geometry: CaseGeometry, a: str, b: str) -> Measurement:
    """95th percentile of boundary distances, the larger of both ways; one voxel's diagonal bounds its uncertainty."""
    found = worst_distance(geometry, a, b)
    return Measurement(
        "hausdorff95_mm", found.hausdorff95, "mm", voxel_diagonal_mm(geometry), "95th percentile between boundary voxel centres",
        (a, b), flags_of(geometry, a, b), {"directed_mm": list(found.directed95)},
    )  # fmt: skip


@calculator(
    "contact_area_mm2", scope="pair", unit="mm²", title="Contact area",
    description="Area in mm² of the voxel faces that the two structures share.",
    reference="shared voxel faces × their area",
)  # fmt: skip
def contact_area_mm2(geometry: CaseGeometry, a: str, b: str) -> Measurement:
    """Shared faces; a voxel's largest face is the uncertainty."""
    counts, places = faces_between(geometry, a, b)
    areas = face_areas_mm2(geometry.affine)
    touching = bool(counts.any())
    detail: dict[str, object] = {"faces": [int(n) for n in counts]}
    if touching:
        at = geometry.to_ras(places)
        detail |= {
            "centre_ras_mm": numbers(at.mean(axis=0)),
            "box_ras_mm": {"min": numbers(at.min(axis=0)), "max": numbers(at.max(axis=0))},
        }
    return Measurement(
        "contact_area_mm2", float(counts @ areas), "mm²", float(areas.max()), "shared voxel faces", (a, b),
        flags_of(geometry, a, b) + (("touching",) if touching else ()), detail,
    )  # fmt: skip


@calculator(
    "overlap_after_dilation", scope="pair", unit="ratio", title="Overlap after dilation",
    description="Share of the shell around the first structure (3 mm thick unless told) that belongs to the second: 1 if surrounded by it, 0 if apart.",
    reference="voxels within a ball's radius of the first, outside it, by label", ordered=True,
)  # fmt: skip
def overlap_after_dilation(geometry: CaseGeometry, a: str, b: str, *, radius_mm: float = 3.0) -> Measurement:
    """Share of the dilated shell of `a` that is `b`; one voxel of the shell is the uncertainty."""
    label = geometry.structure(a).label
    geometry.row(b)
    found = shell(geometry.labels, frozenset({label}), geometry.boundary(a), geometry.affine, radius_mm)
    own = int(np.count_nonzero(found == geometry.structure(b).label))
    value = own / found.size if found.size else None
    flags = flags_of(geometry, a, b) + (("undecidable",) if value is None else ())
    return Measurement(
        "overlap_after_dilation", value, "ratio", 1.0 / found.size if found.size else None, f"shell of {radius_mm:g} mm around the first",
        (a, b), flags, {"shell_voxels": int(found.size), "shared_voxels": own, "radius_mm": radius_mm},
    )  # fmt: skip


@calculator(
    "margin_mm", scope="pair", unit="mm", title="Margin",
    description="Margin in mm of the first structure (a lesion) to the second: to a vessel it doesn't touch, or to the capsule of the organ that surrounds it; 0 where it touches or reaches the capsule.",
    reference="smallest surface distance less one voxel step; to a capsule, to the nearest voxel that is neither", ordered=True,
)  # fmt: skip
def margin_mm(geometry: CaseGeometry, a: str, b: str) -> Measurement:
    """Margin of a lesion to another structure, or to the capsule of its host.

    If the shell of 3 mm around the lesion is mostly `b`, `b` is taken as its host, and the margin is measured to the
    nearest voxel outside both; else to `b`'s surface.
    """
    around = overlap_after_dilation(geometry, a, b)
    inside = isinstance(around.value, float) and around.value >= 0.5
    if not inside:
        apart = surface_distance_mm(geometry, a, b)
        touching = bool(apart.detail["touching"])
        value = 0.0 if touching or not isinstance(apart.value, float) else apart.value
        return Measurement(
            "margin_mm", value, "mm", apart.uncertainty, "to the surface", (a, b), apart.flags,
            {**apart.detail, "inside": False, "centre_to_centre_mm": apart.value},
        )  # fmt: skip
    distance, start, end = to_capsule(geometry, a, b)
    touching = distance <= voxel_diagonal_mm(geometry) + 1e-9
    flags = flags_of(geometry, a, b) + (("touching",) if touching else ())
    return Measurement(
        "margin_mm", 0.0 if touching else distance, "mm", voxel_diagonal_mm(geometry) / 2.0, "to the capsule", (a, b), flags,
        {"points_ras_mm": [numbers(start), numbers(end)], "touching": touching, "inside": True, "centre_to_centre_mm": distance},
    )  # fmt: skip
