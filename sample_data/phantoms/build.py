"""The two phantoms of this folder, and varied ones: which patient, on which grid, seen how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phantoms import abdomen, brain
from phantoms.abdomen import Lesion
from phantoms.combine import Shell
from phantoms.grid import tilted_grid
from phantoms.scene import Look, Scene, paint
from phantoms.shapes import Floats, Window
from phantoms.truth import truth
from phantoms.variation import Variation, draw

ABDOMEN_PAIRS = (
    ("liver_tumor_1", "liver_tumor_2"), ("liver_tumor_2", "liver_tumor_3"), ("liver_tumor_1", "liver_tumor_3"),
    ("pancreas_tumor", "portal_vein_and_splenic_vein"), ("pancreas_tumor", "superior_mesenteric_artery"),
    ("pancreas_tumor", "aorta"), ("pancreas_tumor", "inferior_vena_cava"), ("liver_tumor_3", "gallbladder"),
    ("liver_tumor_1", "inferior_vena_cava"), ("kidney_left", "kidney_right"), ("kidney_left", "spleen"),
    ("adrenal_gland_left", "adrenal_gland_right"), ("gallbladder", "pancreas"), ("stomach", "kidney_right"),
)  # fmt: skip
BRAIN_PAIRS = (
    ("necrotic_tumor_core", "enhancing_tumor"), ("enhancing_tumor", "lateral_ventricle_right"),
    ("enhancing_tumor", "lateral_ventricle_left"), ("enhancing_tumor", "thalamus_right"), ("edema", "third_ventricle"),
    ("lateral_ventricle_left", "lateral_ventricle_right"), ("thalamus_left", "thalamus_right"), ("cerebellum", "third_ventricle"),
)  # fmt: skip
CT_LOOK = Look(blur=0.5, noise=11, step=4)


@dataclass(frozen=True)
class Built:
    """A phantom's arrays in file order, its affine, and its documents by file name."""

    scan: str
    image: NDArray[np.int16]
    labels: NDArray[np.uint8]
    affine: Floats
    documents: Mapping[str, Mapping[str, Any]]


def phantom_abdomen(*, with_truth: bool = True) -> Built:
    """CT, 1.7 × 1.7 × 3 mm, axes L–P–S as a scanner writes them, tilted by a few degrees."""
    grid = tilted_grid("LPS", (212, 154, 82), (1.7, 1.7, 3.0), (0, -4, 0), tilt=(2.5, -4.0, 3.0))
    patient = abdomen.scene()
    return _build(
        patient,
        grid,
        CT_LOOK,
        "ct",
        seed=20260313,
        extra={"truth": truth(patient, grid, ABDOMEN_PAIRS)} if with_truth else {},
    )


def phantom_brain(*, with_truth: bool = True) -> Built:
    """MR, 1.3 × 1.3 × 1.4 mm, axes P–S–R as of a sagittal acquisition, tilted by a few degrees."""
    grid = tilted_grid("PSR", (166, 152, 132), (1.3, 1.3, 1.4), (0, -8, 2), tilt=(-3.0, 5.0, 2.0))
    patient = brain.scene()
    return _build(
        patient,
        grid,
        brain.LOOK,
        "mr",
        seed=13803,
        extra={"truth": truth(patient, grid, BRAIN_PAIRS)} if with_truth else {},
    )


def variant(seed: int, number: int) -> Built:
    """One varied patient: organs, lesions, body size, voxels, axis order and tilt drawn from (seed, number).

    Coarser than the two phantoms, and without a truth file: it is there for trials at scale.
    """
    random = np.random.default_rng([seed, number])
    tilt = random.uniform(-6, 6, 3).tolist()
    body = float(random.uniform(0.9, 1.1))
    if number % 4 == 3:
        spacing = (random.uniform(2.0, 2.5, 3)).round(2)
        codes = str(random.choice(["RAS", "PSR", "LPS", "LIP"]))
        patient = _varied_brain(random)
        reach, centre, look, scan = {"R": 172, "A": 214, "S": 196}, (0, -8, 2), brain.LOOK, "mr"
    else:
        spacing = np.array([random.uniform(2.5, 3.0)] * 2 + [random.uniform(4.0, 5.0)]).round(2)
        codes = str(random.choice(["LPS", "RAS", "LAS", "RPI"]))
        patient = _varied_abdomen(random)
        reach, centre, look, scan = {"R": 350, "A": 256, "S": 246}, (0, -4, 0), CT_LOOK, "ct"
    same_axis = {"L": "R", "P": "A", "I": "S"}
    shape = [round(reach[same_axis.get(code, code)] / s) for code, s in zip(codes, spacing, strict=True)]
    grid = tilted_grid(codes, shape, spacing.tolist(), centre, tilt)
    built = _build(patient, grid, look, scan, seed=int(random.integers(2**31)), extra={})
    # A larger or smaller patient is the same voxels with another spacing.
    affine = np.diag([body, body, body, 1.0]) @ built.affine
    return Built(built.scan, built.image, built.labels, affine, built.documents)


def _build(
    patient: Scene, grid: Window, look: Look, scan: str, *, seed: int, extra: Mapping[str, Mapping[str, Any]]
) -> Built:
    image, labels = paint(patient, grid, look, seed)
    present = set(np.flatnonzero(np.bincount(labels.ravel(), minlength=256)).tolist())
    names = {str(label): name for label, name in patient.names.items() if label in present}
    return Built(scan, image, labels, grid.affine, {"names": names, **extra})


def _varied_abdomen(random: np.random.Generator) -> Scene:
    v = draw(random, abdomen.ORGANS)
    tumours = _lesions_in_liver(random, v, int(random.integers(0, 6)))
    return abdomen.scene(v, tumours, pancreatic=bool(random.random() < 0.5))


def _varied_brain(random: np.random.Generator) -> Scene:
    drawn = draw(random, brain.ORGANS)
    v = Variation(drawn.scale | {"glioma": float(random.uniform(0.6, 1.2))}, drawn.shift)
    side = random.choice([-1, 1])
    centre = (side * random.uniform(28, 36), random.uniform(-45, 30), random.uniform(18, 34))
    return brain.scene(v, tuple(float(c) for c in centre) if random.random() < 0.85 else None)  # type: ignore[arg-type]


def _lesions_in_liver(random: np.random.Generator, v: Variation, count: int) -> tuple[Lesion, ...]:
    """Ellipsoids wholly inside the liver, apart from each other and clear of its large vessels; largest first."""
    patient = abdomen.scene(v, ())
    liver = patient.structure("liver").shape
    coarse = tilted_grid("RAS", (56, 44, 44), (4.0, 4.0, 4.0), (50, 0, 40))
    room = liver.field(coarse, 40.0)
    for vessel in ("inferior_vena_cava", "portal_vein_and_splenic_vein", "hepatic_veins", "gallbladder"):
        room = np.maximum(room, -Shell(patient.structure(vessel).shape, 1.0).field(coarse, 40.0))
    spots = np.column_stack([c.ravel() for c in coarse.points])
    depth = -room.ravel()
    chosen: list[Lesion] = []
    for radius in sorted(random.uniform(5.0, 20.0, count), reverse=True):
        free = depth > 1.15 * radius + 3
        for centre, radii in chosen:
            free &= np.linalg.norm(spots - np.asarray(centre), axis=1) > max(radii) + 1.15 * radius + 6
        if free.any():
            x, y, z = spots[random.choice(np.flatnonzero(free))]
            a, b, c = radius * random.uniform(0.85, 1.15, 3)
            chosen.append(((float(x), float(y), float(z)), (float(a), float(b), float(c))))
    return tuple(chosen)
