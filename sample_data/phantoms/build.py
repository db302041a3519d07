"""The two phantoms of this folder, and varied ones: which patient, on which grid, seen how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phantoms import abdomen, brain, lesions, population
from phantoms.grid import tilted_grid
from phantoms.population import Body
from phantoms.scene import Look, Part, Scene, paint
from phantoms.shapes import Floats, Window
from phantoms.truth import truth
from phantoms.variation import Variation

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
LESION_WORDS = ("tumor", "cyst", "lesion", "nodule", "metastasis", "edema")
SAME_AXIS = {"L": "R", "P": "A", "I": "S"}
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
    """One varied patient, drawn from (seed, number): body, organs, lesions, labels, scanner; three abdomens to one brain.

    Coarser than the two phantoms, and without a truth file: it is there for trials at scale.
    """
    random = np.random.default_rng([seed, number])
    if number % 4 == 3:
        patient, body = _varied_brain(random)
        grid, look, scan = _head_scan(random), brain.LOOK, "mr"
    else:
        patient, body = _varied_abdomen(random)
        grid, scan = _trunk_scan(random, body), "ct"
        look = Look(blur=CT_LOOK.blur, noise=float(random.uniform(6, 22)), step=CT_LOOK.step)
    return _build(patient, grid, look, scan, seed=int(random.integers(2**31)), extra={}, body=body)


def _build(
    patient: Scene,
    grid: Window,
    look: Look,
    scan: str,
    *,
    seed: int,
    extra: Mapping[str, Mapping[str, Any]],
    body: Body | None = None,
) -> Built:
    image, labels = paint(patient, grid if body is None else body.seen_by(grid), look, seed)
    present = set(np.flatnonzero(np.bincount(labels.ravel(), minlength=256)).tolist())
    names = {str(label): name for label, name in patient.names.items() if label in present}
    return Built(scan, image, labels, grid.affine, {"names": names, **extra})


def _varied_abdomen(random: np.random.Generator) -> tuple[Scene, Body]:
    body = population.abdominal_body(random)
    v = population.organs(random, population.ABDOMINAL, body=0.17)
    gone = population.missing(random)
    whole = abdomen.scene(v, ())
    tumours = [t for t in lesions.of_the_abdomen(random, whole) if not _rests_on(t, gone)]
    return _as_labelled(random, abdomen.scene(v, tumours), gone, body), body


def _varied_brain(random: np.random.Generator) -> tuple[Scene, Body]:
    body = population.head_body(random)
    v = population.organs(random, population.CEREBRAL, body=0.12)
    disease = random.random()
    if disease < 0.6:
        swollen = Variation(v.scale | {"glioma": float(random.uniform(0.45, 1.35))}, v.shape, v.turn, v.shift)
        patient = brain.scene(swollen, lesions.glioma_centre(random))
    elif disease < 0.85:
        patient = brain.scene(v, None, lesions.of_the_brain(random, brain.scene(v, None)))
    else:
        patient = brain.scene(v, None)
    return _as_labelled(random, patient, frozenset(), body), body


def _rests_on(lesion: Part, gone: frozenset[str]) -> bool:
    """Whether a lesion's organ was taken out with it: a kidney's lesion lies on the kidney's side."""
    side = "right" if lesions.middle(lesion)[0] > 0 else "left"
    return lesion.name is not None and any(
        lesion.name.startswith(organ.split("_")[0]) and ("_" not in organ or organ.endswith(side))
        for organ in gone
    )


def _as_labelled(random: np.random.Generator, patient: Scene, gone: frozenset[str], body: Body) -> Scene:
    """The patient without the missing organs; what nobody labelled is only in the scan."""
    parts = [part for part in patient.parts if part.name not in gone]
    names = list(dict.fromkeys(part.name for part in parts if part.name is not None))
    sick = frozenset(name for name in names if any(word in name for word in LESION_WORDS))
    kept = population.labelled(random, [name for name in names if name not in sick], sick)

    def renamed(name: str | None) -> str | None:
        if name is None or name not in kept:
            return None
        return population.other_side(name) if body.mirrored else name

    return replace(patient, parts=[replace(part, name=renamed(part.name)) for part in parts])


def _trunk_scan(random: np.random.Generator, body: Body) -> Window:
    """Slices of 2 to 7 mm; one scan in five shows only part of the height, one in six is cut at the sides."""
    across, slice_mm = float(random.uniform(2.4, 3.4)), float(random.uniform(2.5, 7.0))
    width, depth = 350.0 * body.stretch[0], 256.0 * body.stretch[1]
    height, level = random.uniform(215, 290), random.normal(-4, 12)
    if random.random() < 0.2:
        height, level = random.uniform(110, 190), random.uniform(-60, 60)
    if random.random() < 1 / 6:
        width, depth = random.uniform(0.62, 0.85) * width, random.uniform(0.75, 0.95) * depth
    centre = (random.normal(0, 6), -4 + random.normal(0, 6), level)
    spacing = {"R": across, "A": across, "S": slice_mm}
    return _scanned(
        random, ("LPS", "RAS", "LAS", "RPI"), {"R": width, "A": depth, "S": height}, spacing, centre
    )


def _head_scan(random: np.random.Generator) -> Window:
    """Nearly isotropic, or thick slices along one of the three axes; one in six is cut above or below."""
    fine = float(random.uniform(1.7, 2.4))
    spacing = {"R": fine, "A": fine, "S": fine}
    if random.random() < 0.4:
        spacing[str(random.choice(["R", "A", "S"]))] = float(random.uniform(3.5, 6.5))
    reach = {"R": 176.0, "A": 220.0, "S": 200.0}
    centre = [random.normal(0, 4), -8 + random.normal(0, 4), 2 + random.normal(0, 5)]
    if random.random() < 1 / 6:
        reach["S"] = float(random.uniform(80, 130))
        centre[2] += random.uniform(-35, 35)
    return _scanned(random, ("RAS", "PSR", "LPS", "LIP"), reach, spacing, centre)


def _scanned(
    random: np.random.Generator,
    usual: tuple[str, ...],
    reach: Mapping[str, float],
    spacing: Mapping[str, float],
    centre: Sequence[float],
) -> Window:
    """A grid over this much of the patient in some axis order, half of them tilted, one in ten by up to 30°.

    Two of three files are stored in a `usual` order, the others in any of the 48.
    """
    codes = str(random.choice(usual))
    if random.random() < 1 / 3:
        pairs = random.permutation(["RL", "AP", "SI"])
        codes = "".join(pair[random.integers(2)] for pair in pairs)
    most = float(random.choice([0.0, 6.0, 30.0], p=[0.5, 0.4, 0.1]))
    tilt = random.uniform(-most, most, 3).tolist() if most else (0.0, 0.0, 0.0)
    along = [SAME_AXIS.get(code, code) for code in codes]
    shape = [max(12, round(reach[axis] / spacing[axis])) for axis in along]
    return tilted_grid(codes, shape, [round(spacing[axis], 2) for axis in along], centre, tilt)
