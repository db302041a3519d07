"""How large a structure is."""

from __future__ import annotations

from napari_spatialmed.geometry.calculators.reading import flags_of
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.registry import calculator


@calculator(
    "voxels", scope="structure", unit="count", title="Voxels",
    description="Number of voxels that carry the structure's label.",
    reference="count",
)  # fmt: skip
def voxels(geometry: CaseGeometry, name: str) -> Measurement:
    """Voxel count; one voxel is its uncertainty."""
    row = geometry.row(name)
    return Measurement(
        "voxels", int(geometry.survey.counts[row]), "count", 1.0, "count", (name,), flags_of(geometry, name)
    )


@calculator(
    "volume_ml", scope="structure", unit="mL", title="Volume",
    description="Volume in mL (cm³): number of voxels times the volume of a voxel.",
    reference="IBSI YEKZ, volume by voxel counting",
)  # fmt: skip
def volume_ml(geometry: CaseGeometry, name: str) -> Measurement:
    """Voxels × |det(affine)|; one voxel's volume is its uncertainty."""
    row = geometry.row(name)
    return Measurement(
        "volume_ml", float(geometry.survey.volumes_ml[row]), "mL", geometry.survey.voxel_ml, "voxel counting", (name,),
        flags_of(geometry, name), {"voxels": int(geometry.survey.counts[row])},
    )  # fmt: skip
