"""The phantom brain: a T1-weighted MR after contrast, with a ring-enhancing glioma in the right frontal lobe."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phantoms.combine import Cut, Folded, Shell, Union, Wavy
from phantoms.scene import Look, Part, Scene
from phantoms.shapes import Ellipsoid, HalfSpace, Point, Shape, Tube, rotation, sphere
from phantoms.variation import TEXTBOOK, Variation

CENTRE = (0.0, -10.0, 0.0)
LOOK = Look(blur=0.45, noise=22, step=10, shading=0.07, lowest=0)
NECROSIS, ENHANCING, OEDEMA = (11.0, 13.0, 10.0), (16.0, 18.0, 15.0), (23.0, 28.0, 25.0)
"""Radii of the glioma's nested ellipsoids, mm."""
GLIOMA = (27.5, 24.0, 29.0)
SIDES = (("left", -1), ("right", 1))
CSF, GREY, WHITE = 150.0, 440.0, 650.0


def _cerebrum() -> Shape:
    """Both hemispheres' hull before the cortex is folded."""
    vault = Cut(
        Ellipsoid((0, -15, 8), (66, 84, 66)), without=(Ellipsoid((0, -58, -58), (70, 54, 52)),), blend=12
    )
    base = Cut(vault, within=(HalfSpace((0, 0, -22), (0, 0.12, -1)),), blend=16)
    temporal = [Ellipsoid((s * 46, -4, -18), (19, 38, 18), rotation(pitch=-8)) for s in (-1, 1)]
    return Union((base, *temporal), blend=12)


def _lobes(cortex: Shape) -> list[Part]:
    """Frontal, parietal, temporal and occipital lobes, divided by planes along the great sulci."""
    parts = []
    central = HalfSpace((0, 8, 5), (0, -1, -0.43))
    behind = HalfSpace((0, -66, 10), (0, 1, 0.30))
    below_sylvian = HalfSpace((0, 30, -12), (0, 0.36, 1))
    for side, s in SIDES:
        half = Cut(cortex, within=(HalfSpace((s * 1.2, 0, 0), (-s, 0, 0)),))
        lateral = HalfSpace((s * 26, 0, -5), (-s, 0, 0.6))
        pieces = {
            "parietal": half,
            "frontal": Cut(half, within=(central,)),
            "temporal": Cut(half, within=(below_sylvian, lateral)),
            "occipital": Cut(half, within=(behind,)),
        }
        parts += [Part(f"{lobe}_lobe_{side}", shape, None) for lobe, shape in pieces.items()]
    return parts


def _ventricles(v: Variation) -> list[Part]:
    parts = []
    for side, s in SIDES:
        horns = [
            (
                [(s * 7, 34, 4), (s * 9, 22, 14), (s * 11, 0, 20), (s * 17, -30, 20), (s * 26, -44, 8)],
                (4.0, 5.6, 5.2, 5.6, 7.5),
            ),
            ([(s * 26, -44, 8), (s * 25, -58, 6), (s * 22, -70, 7)], (6.5, 4.2, 1.8)),
            ([(s * 26, -44, 8), (s * 35, -30, -8), (s * 35, -12, -17)], (6.5, 3.6, 2.2)),
        ]
        tubes = [
            Tube([(p[0], p[1], p[2]) for p in line], v.radii("lateral_ventricle", radii), step=3)
            for line, radii in horns
        ]
        parts.append(Part(f"lateral_ventricle_{side}", Union(tubes, blend=3), CSF))
    third = Ellipsoid((0, -12, 2), (2.8, 14, 9))
    fourth = Ellipsoid((0, -45, -32), (6, 4.5, 10))
    return [*parts, Part("third_ventricle", third, CSF), Part("fourth_ventricle", fourth, CSF)]


def _deep_grey(v: Variation) -> list[Part]:
    parts = []
    for side, s in SIDES:
        thalamus = v.place("thalamus", [(s * 11.0, -18.0, 6.0)])[0]
        lentiform = v.place("lentiform_nucleus", [(s * 25.0, 2.0, 3.0)])[0]
        head = v.place(
            "caudate_nucleus", [(s * 14, 24, 3), (s * 17, 14, 13), (s * 20, -6, 20), (s * 25, -24, 19)]
        )
        parts += [
            Part(
                f"thalamus_{side}",
                Ellipsoid(thalamus, v.axes("thalamus", (8, 14, 9)), rotation(yaw=s * 18)),
                500,
            ),
            Part(
                f"lentiform_nucleus_{side}",
                Ellipsoid(lentiform, v.axes("lentiform_nucleus", (7, 18, 9)), rotation(yaw=-s * 12)),
                490,
            ),
            Part(
                f"caudate_nucleus_{side}",
                Tube(head, v.radii("caudate_nucleus", (6.5, 6, 4, 2.5)), step=3),
                480,
            ),
        ]
    return parts


def _head() -> list[Part]:
    """Skin, scalp, skull, eyes and air-filled spaces: the scan only."""
    skull = Union((Ellipsoid((0, -13, 8), (75, 93, 77)), Ellipsoid((0, 38, -46), (52, 44, 46))), blend=24)
    neck = Tube([(0, -38, -50), (0, -44, -140)], [50, 56])
    skin = Union((Shell(skull, 8), neck), blend=30)
    parts = [
        Part(None, skin, 640, rim=330, rim_mm=2.2, grain=40),
        Part(None, Shell(neck, -9), 330, grain=35),
        Part(None, skull, 260, rim=60, rim_mm=2.4, grain=45),
        Part(None, Cut(Ellipsoid((0, 34, -52), (44, 36, 34)), within=(Shell(skull, -4),)), 400, grain=60),
        Part(
            None,
            Union([Ellipsoid((s * 20, 42, -56), (12, 17, 15)) for s in (-1, 1)], blend=2),
            12,
            rim=420,
            rim_mm=1.5,
        ),
        Part(None, Ellipsoid((0, 74, -20), (12, 5, 9)), 12),
    ]
    for s in (-1, 1):
        parts.append(Part(None, Ellipsoid((s * 31, 58, -30), (17, 24, 15)), 650, grain=20))
        parts.append(Part(None, sphere((s * 31, 69, -30), 12), 190, rim=420, rim_mm=1.6))
        parts.append(Part(None, Tube([(s * 29, 57, -30), (s * 16, 34, -27)], 2.4), 480))
    return parts


def _brainstem() -> Shape:
    return Union(
        (
            Tube([(0, -24, -6), (0, -26, -22), (0, -34, -46), (0, -42, -74)], [11, 13, 10, 7]),
            Ellipsoid((0, -23, -27), (17, 11, 13)),
        ),
        blend=6,
    )


def _sinuses() -> Shape:
    arc = [(0.0, -15 + 84 * np.cos(a), 10 + 68 * np.sin(a)) for a in np.radians(np.arange(25, 196, 15.0))]
    across = [
        Tube([arc[-1], (s * 26, -92, -16), (s * 52, -66, -24), (s * 58, -44, -36)], [3.8, 3.6, 3.6, 3.2])
        for s in (-1, 1)
    ]
    return Union((Tube(arc, np.linspace(1.8, 3.8, len(arc)).tolist()), *across))


def scene(v: Variation = TEXTBOOK, glioma: Point | None = GLIOMA, lesions: Sequence[Part] = ()) -> Scene:
    """The patient; `glioma` is its centre, or None for a brain without; `lesions` come on top."""
    hull = _cerebrum()
    cortex = Folded(hull, 11.0, 0.34, 33)
    core = Folded(Shell(hull, -3.6), 11.5, 0.95, 33)
    fissure = Ellipsoid((0, -15, 62), (1.5, 90, 58), exponent=4)
    sylvian = [Ellipsoid((s * 50, 6, -5), (20, 24, 2.2), rotation(pitch=-18, roll=-s * 12)) for s in (-1, 1)]
    k = v.size("cerebellum")
    lobules = [
        Ellipsoid((s * 24, -60, -38), (27 * k, 25 * k, 19 * k), rotation(roll=-s * 10)) for s in (-1, 1)
    ]
    cerebellum = Union((*lobules, Ellipsoid((0, -62, -36), (12, 21 * k, 19 * k))), blend=8)
    callosum = Cut(
        Ellipsoid((0, -2, 6), (15, 41, 25)),
        without=(Ellipsoid((0, -3, 3), (60, 35, 20.5)), HalfSpace((0, 0, 4), (0, 0, 1))),
        blend=2,
    )
    cavity = Union((Shell(hull, 5.5), Shell(cerebellum, 3.5), Shell(_brainstem(), 5)), blend=12)
    parts = [
        *_head(),
        Part(None, cavity, CSF),
        Part(None, cortex, GREY, grain=12),
        *_lobes(cortex),
        Part(None, core, WHITE, grain=8),
        *(Part(None, s, CSF) for s in sylvian),
        Part(None, Cut(fissure, within=(Shell(hull, 4),)), CSF),
        Part("cerebellum", Wavy(cerebellum, 0.9, 7), 500, grain=16),
        Part(None, Wavy(Shell(cerebellum, -6), 3.0, 11), 590),
        Part("brainstem", _brainstem(), 570, grain=8),
        Part("corpus_callosum", callosum, 660),
        *_deep_grey(v),
        *_ventricles(v),
        Part("venous_sinuses", _sinuses(), 980),
    ]
    if glioma is not None:
        k = v.size("glioma")
        swelling = Cut(
            Wavy(Ellipsoid(glioma, [k * r for r in OEDEMA]), 2.4, 24), within=(Shell(hull, -4.0),), blend=2
        )
        parts += [
            Part("edema", swelling, 400, grain=14),
            Part("enhancing_tumor", Ellipsoid(glioma, [k * r for r in ENHANCING]), 960, grain=35),
            Part("necrotic_tumor_core", Ellipsoid(glioma, [k * r for r in NECROSIS]), 230, grain=14),
        ]
    return Scene([*parts, *lesions], background=0, modality="MR")
