"""Who the varied patients are: bodies, organs, what was taken out, and what somebody chose to label.

Spreads of volumes are published coefficients of variation where there is one; the others are our own, as are all spreads
of places, shapes and habits of labelling.  What the body's size contributes is taken off an organ's own share, so that
volumes over many patients spread, and lie, as published.

- Kim DW et al., Radiology 2021 (2,989 healthy donors): 95 % of livers 824.5–1,700 mL, of spleens 81.1–322 mL: if
  lognormal, a spread of 0.18 and 0.35; with liver disease 1,505 ± 385 mL (Kromrey 2018, 10.1016/j.ejrad.2018.07.005).
- Saisho 2007, 10.1002/ca.20543: pancreas 72.4 ± 25.8 mL.
- SHIP, J Clin Med 2024;13:769: right kidney, men, quartiles 154 and 197 mL around 174 mL, a spread of 0.18.
- Sisli Etfal 2021, 10.14744/SEMB.2021.96462: left adrenal gland 4.77 ± 1.33 mL.
- Surg Radiol Anat 2010, 10.1007/s00276-010-0650-4: brain 1,201 ± 143 mL.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from phantoms.shapes import Floats, Window, rotation
from phantoms.variation import Variation

ABDOMINAL = {
    "liver": 0.22, "spleen": 0.38, "kidney_right": 0.18, "kidney_left": 0.18, "pancreas": 0.36,
    "adrenal_gland_right": 0.28, "adrenal_gland_left": 0.28, "gallbladder": 0.45, "stomach": 0.45, "duodenum": 0.30,
    "colon": 0.30, "small_bowel": 0.15, "heart": 0.20,
}  # fmt: skip
"""Organ → standard deviation of its volume's logarithm over all patients."""
TO_THE_MEAN = {
    "liver": 1.08, "spleen": 1.08, "kidney_right": 1.13, "kidney_left": 1.09, "adrenal_gland_right": 1.09,
    "adrenal_gland_left": 1.09, "gallbladder": 0.90,
}  # fmt: skip
"""Organ → factor of its lengths that brings the textbook's volume to the mean of the published means (those above, and
Geraghty 2004, Palasciano 1992): the textbook's liver, spleen and kidneys are small, its gallbladder is large."""
CEREBRAL = {
    "lateral_ventricle": 0.55, "cerebellum": 0.12, "thalamus": 0.14, "lentiform_nucleus": 0.16, "caudate_nucleus": 0.18,
}  # fmt: skip
SHAPE, TURN_DEGREES = 0.09, 6.0
"""Spread of each axis' logarithm, and of turns about each axis."""
SHIFT_MM = {"kidney_right": (3, 3, 11), "kidney_left": (3, 3, 11), "colon": (3, 3, 8), "stomach": (5, 4, 8)}
"""Along R, A, S; others move less (`_SHIFT`)."""
_SHIFT, _SHIFT_BRAIN = (3.0, 3.0, 6.0), (1.2, 1.5, 1.5)
SITUS_INVERSUS = 0.02
"""Of patients; in life about one in ten thousand, which no trial of a few hundred would meet."""
ABSENT = {"gallbladder": 0.10, "spleen": 0.03, "kidney_right": 0.02, "kidney_left": 0.02}
BONES_AND_MUSCLES = ("rib_", "vertebrae_", "autochthon", "iliopsoas", "spinal_cord")
VESSELS = (
    "aorta",
    "inferior_vena_cava",
    "portal_vein",
    "hepatic_vein",
    "iliac_",
    "superior_mesenteric",
    "venous_",
)
SELDOM_LABELLED = ("corpus_callosum", "venous_sinuses", "fourth_ventricle", "cerebellum", "brainstem")


@dataclass(frozen=True)
class Body:
    """From the textbook's body to this patient's: stretched, turned, bent; mirrored where the situs is inverted.

    `waves` are (direction and amplitude in mm, wave vector in 1/mm, phase).
    """

    stretch: Floats
    turn: Floats
    waves: tuple[tuple[Floats, Floats, float], ...]
    mirrored: bool = False

    def seen_by(self, grid: Window) -> Window:
        """A grid in the patient, as coordinates of the textbook."""
        sides = np.array([-1.0 if self.mirrored else 1.0, 1.0, 1.0])
        back = np.diag(sides / self.stretch) @ self.turn.T
        affine = grid.affine.copy()
        affine[:3] = back @ grid.affine[:3]
        straight = Window(affine, grid.shape)
        x, y, z = straight.points
        bend = [np.zeros(grid.shape) for _ in range(3)]
        for amplitude, wave, phase in self.waves:
            swing = np.sin(2 * np.pi * (wave[0] * x + wave[1] * y + wave[2] * z) + phase)
            for axis in range(3):
                bend[axis] += amplitude[axis] * swing
        slack = float(sum(np.linalg.norm(amplitude) for amplitude, _, _ in self.waves))
        return Window(affine, grid.shape, (bend[0], bend[1], bend[2]), slack)


def abdominal_body(random: np.random.Generator) -> Body:
    """Stature ± 4 %, girth ± 8 % (width and depth also ± 4 % apart), posture ± 3°, bends of some millimetres."""
    girth = random.normal(0.0, 0.08)
    stretch = np.exp([girth + random.normal(0, 0.04), girth + random.normal(0, 0.04), random.normal(0, 0.04)])
    body = _body(random, np.clip(stretch, 0.78, 1.3), 3.0, 4, (180.0, 420.0), 5.0)
    return replace(body, mirrored=bool(random.random() < SITUS_INVERSUS))


def head_body(random: np.random.Generator) -> Body:
    """Volume ± 12 % as published, proportions ± 3 %, tilted by ± 5°."""
    stretch = np.exp(random.normal(0.0, 0.12 / 3) + random.normal(0.0, 0.03, 3))
    return _body(random, np.clip(stretch, 0.85, 1.18), 5.0, 3, (120.0, 260.0), 2.0)


def _body(
    random: np.random.Generator,
    stretch: Floats,
    degrees: float,
    waves: int,
    lengths: tuple[float, float],
    amplitude: float,
) -> Body:
    turn = rotation(*np.clip(random.normal(0, degrees, 3), -12, 12))
    found = []
    for _ in range(waves):
        way = random.standard_normal(3)
        swing = random.standard_normal(3)
        swing *= min(1.0, 2.0 / float(np.linalg.norm(swing))) * amplitude
        found.append(
            (swing, way / np.linalg.norm(way) / random.uniform(*lengths), float(random.uniform(0, 2 * np.pi)))
        )
    return Body(stretch, turn, tuple(found))


def organs(random: np.random.Generator, spreads: Mapping[str, float], body: float) -> Variation:
    """Each organ's size, shape, turn and place, drawn by itself.

    Parameters
    ----------
    body
        What the body's size adds to the spread of every volume's logarithm.
    """
    brain = spreads is CEREBRAL
    scale, shape, turn, shift = {}, {}, {}, {}
    for organ, spread in spreads.items():
        own = math.sqrt(max(spread**2 - body**2, 0.06**2))
        drawn = float(np.clip(random.normal(0.0, own), -2.5 * own, 2.5 * own))
        scale[organ] = TO_THE_MEAN.get(organ, 1.0) * math.exp(drawn / 3)
        axes = np.clip(random.normal(0.0, SHAPE, 3), -0.2, 0.2)
        shape[organ] = np.exp(axes - axes.mean())
        turn[organ] = rotation(*np.clip(random.normal(0.0, TURN_DEGREES, 3), -15, 15))
        reach = np.asarray(SHIFT_MM.get(organ, _SHIFT_BRAIN if brain else _SHIFT))
        shift[organ] = np.clip(random.standard_normal(3), -2.2, 2.2) * reach
    return Variation(scale, shape, turn, shift)


def missing(random: np.random.Generator) -> frozenset[str]:
    """Organs taken out or never there; never both kidneys."""
    gone = {organ for organ, share in ABSENT.items() if random.random() < share}
    if {"kidney_right", "kidney_left"} <= gone:
        gone.discard("kidney_left")
    return frozenset(gone)


def labelled(random: np.random.Generator, names: list[str], lesions: frozenset[str]) -> frozenset[str]:
    """The names that somebody labelled: everything in half of the scans, else without bones, organs only, or a few.

    Lesions are labelled always; of the rest each is forgotten in 3 % of the scans.
    """
    habit = random.random()
    left_out = [random.random() < 0.03 for _ in names]
    few = set(random.permutation(names)[: max(4, len(names) // 4)].tolist())
    kept = {name for name, forgotten in zip(names, left_out, strict=True) if not forgotten}
    if habit >= 0.5:
        kept = {name for name in kept if not name.startswith((*BONES_AND_MUSCLES, *SELDOM_LABELLED[:3]))}
    if habit >= 0.75:
        kept = {name for name in kept if not name.startswith((*VESSELS, *SELDOM_LABELLED))}
    if habit >= 0.9:
        kept &= few
    return frozenset(kept | lesions)


def other_side(name: str) -> str:
    """The name of the structure that lies there in an inverted situs."""
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")
