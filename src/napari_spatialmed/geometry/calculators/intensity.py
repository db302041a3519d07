"""What the scan shows inside a structure."""

from __future__ import annotations

import numpy as np

from napari_spatialmed.geometry.calculators.reading import flags_of
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.registry import calculator

PERCENTILES = (5, 25, 50, 75, 95)


@calculator(
    "intensity", scope="structure", unit="", title="Intensity",
    description="Mean, standard deviation, least, greatest and percentiles of the scan's values inside the structure: HU in CT, without unit in MR.",
    reference="IBSI Q4LE mean, ECT3 variance (over N), linear percentiles",
    needs_image=True,
)  # fmt: skip
def intensity(geometry: CaseGeometry, name: str) -> Measurement:
    """Statistics of the image under the label; a voxel at the range's end is the mean's uncertainty."""
    row = geometry.row(name)
    unit = "HU" if geometry.case.modality == "CT" else ""
    if geometry.case.image is None:
        return Measurement(
            "intensity", None, unit, None, "no image", (name,), (*flags_of(geometry, name), "undecidable")
        )
    box = tuple(
        slice(a, b + 1)
        for a, b in zip(geometry.survey.index_min[row], geometry.survey.index_max[row], strict=True)
    )
    values = geometry.case.image[box][geometry.labels[box] == geometry.structure(name).label].astype(
        np.float64
    )
    values = values[np.isfinite(values)]
    if not values.size:
        return Measurement(
            "intensity",
            None,
            unit,
            None,
            "no finite values",
            (name,),
            (*flags_of(geometry, name), "undecidable"),
        )
    low, high = float(values.min()), float(values.max())
    found = {"mean": float(values.mean()), "sd": float(values.std()), "min": low, "max": high}
    found |= {f"p{q}": float(v) for q, v in zip(PERCENTILES, np.percentile(values, PERCENTILES), strict=True)}
    counts, edges = np.histogram(values, bins=64)
    return Measurement(
        "intensity", dict(found), unit, (high - low) / (values.size + 1), "all voxels of the structure", (name,), flags_of(geometry, name),
        {"histogram": {"counts": [int(n) for n in counts], "edges": [float(e) for e in edges]}},
    )  # fmt: skip
