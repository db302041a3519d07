"""Lesions of a varied patient: how many, in which organ, how large, and whether each has a label of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phantoms import abdomen
from phantoms.combine import Shell
from phantoms.grid import tilted_grid
from phantoms.scene import Part, Scene
from phantoms.shapes import Ellipsoid, Floats, Point, rotation

FAR = 40.0
"""How deep inside an organ its depth is told, mm."""
COARSE = 4.0
"""Grid on which room for a lesion is looked for, mm."""
MEDIAN_RADIUS, SPREAD, SMALLEST, LARGEST = 9.0, 0.55, 3.5, 40.0
"""Radii in mm: lognormal, with the standard deviation of their logarithm; ours."""


def radii(random: np.random.Generator, count: int) -> list[float]:
    """Sizes of so many lesions, largest first."""
    drawn = MEDIAN_RADIUS * np.exp(SPREAD * random.standard_normal(count))
    return sorted((float(r) for r in np.clip(drawn, SMALLEST, LARGEST)), reverse=True)


def within(
    random: np.random.Generator,
    patient: Scene,
    host: str,
    sizes: Sequence[float],
    *,
    clear_of: Sequence[str] = (),
    bulge: float = 0.0,
) -> list[Ellipsoid]:
    """Ellipsoids in an organ, apart from each other and from `clear_of`; those that find no room are left out.

    Parameters
    ----------
    bulge
        Which share of its radius a lesion may reach out of the organ; 0 keeps it wholly inside.
    """
    organ = patient.structure(host).shape
    low, high = (np.clip(b, -180.0, 180.0) for b in organ.bounds)
    n = np.ceil((high - low) / COARSE).astype(int) + 1
    grid = tilted_grid("RAS", n.tolist(), (COARSE,) * 3, ((low + high) / 2).tolist())
    room = organ.field(grid, FAR)
    for name in clear_of:
        room = np.maximum(room, -Shell(patient.structure(name).shape, 1.0).field(grid, FAR))
    spots, depth = np.column_stack([c.ravel() for c in grid.points]), -room.ravel()
    found: list[Ellipsoid] = []
    for radius in sizes:
        free = depth > 1.15 * radius * (1.0 - 2.0 * bulge) + 3.0 * (bulge == 0)
        if bulge:
            free &= depth < 0.8 * radius  # near the surface, or nothing would bulge
        for other in found:
            gap = np.linalg.norm(spots - np.asarray(other.centre), axis=1)
            free &= gap > max(other.radii) + 1.15 * radius + 6
        if free.any():
            centre = spots[random.choice(np.flatnonzero(free))]
            found.append(
                Ellipsoid(
                    [float(c) for c in centre],
                    (radius * random.uniform(0.85, 1.15, 3)).tolist(),
                    rotation(*random.uniform(-40, 40, 3)),
                )
            )
    return found


def parts(name: str, forms: Sequence[Ellipsoid], value: float, *, numbered: bool) -> list[Part]:
    """Lesions of one kind under one label, as most data sets have them, or each under its own."""
    return [
        Part(f"{name}_{n}" if numbered else name, form, value, grain=6)
        for n, form in enumerate(forms, start=1)
    ]


def of_the_abdomen(random: np.random.Generator, patient: Scene) -> list[Part]:
    """Tumours of the liver in three patients of five, of the pancreas in one of three, others more rarely."""
    found: list[Part] = []
    chance, numbered = random.random(6), bool(random.random() < 0.5)
    if chance[0] < 0.6:
        vessels = ("inferior_vena_cava", "portal_vein_and_splenic_vein", "hepatic_veins", "gallbladder")
        count = 1 + int(min(random.geometric(0.4), 8))
        forms = within(random, patient, "liver", radii(random, count), clear_of=vessels)
        found += parts("liver_tumor", forms, float(random.uniform(45, 75)), numbered=numbered)
    for side, luck in (("right", chance[1]), ("left", chance[2])):
        if luck < 0.16:
            name, value = ("kidney_tumor", 90.0) if luck < 0.08 else ("kidney_cyst", 8.0)
            bulge = float(random.choice([0.0, 0.3, 0.6]))
            forms = within(random, patient, f"kidney_{side}", radii(random, 1), bulge=bulge)
            found += parts(name, forms, value, numbered=False)
    if chance[3] < 0.1:
        forms = within(random, patient, "spleen", radii(random, 1 + int(random.random() < 0.4)))
        found += parts("spleen_lesion", forms, 70.0, numbered=numbered and len(forms) > 1)
    if chance[4] < 0.12:
        side = str(random.choice(["left", "right"]))
        forms = within(
            random,
            patient,
            f"lung_lower_lobe_{side}",
            [0.6 * r for r in radii(random, int(random.integers(1, 4)))],
        )
        found += parts("lung_nodule", forms, 20.0, numbered=numbered and len(forms) > 1)
    if chance[5] < 0.33:
        radius = float(random.uniform(6, 20))
        tumour = abdomen.pancreas_tumour(radius, float(random.uniform(-8.0, 0.4 * radius)))
        found.append(Part("pancreas_tumor", tumour, 62, grain=5))
    return found


def glioma_centre(random: np.random.Generator) -> Point:
    """Anywhere in the white matter of either side."""
    side = random.choice([-1.0, 1.0])
    where = (side * random.uniform(18, 44), random.uniform(-70, 40), random.uniform(-6, 46))
    return [float(c) for c in where]


def of_the_brain(random: np.random.Generator, patient: Scene) -> list[Part]:
    """Up to six metastases under one label, in lobes and cerebellum."""
    forms: list[Ellipsoid] = []
    hosts = [p.name for p in patient.parts if p.name and ("lobe" in p.name or p.name == "cerebellum")]
    for host in random.permutation(hosts)[: int(random.integers(1, 7))]:
        forms += within(random, patient, str(host), [0.7 * r for r in radii(random, 1)])
    return parts("metastasis", forms, 930.0, numbered=False)


def middle(part: Part) -> Floats:
    """The middle of a part's bounds in the textbook's mm."""
    low, high = part.shape.bounds
    return np.asarray((low + high) / 2)
