"""The phantom abdomen: a portal-venous CT with three liver tumours and a pancreatic tumour on the portal confluence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phantoms import trunk
from phantoms.combine import Cut, Shell, Union, Wavy
from phantoms.scene import Part, Scene
from phantoms.shapes import Ellipsoid, Floats, Point, Shape, Tube, rotation, sphere
from phantoms.variation import TEXTBOOK, Variation

Lesion = tuple[tuple[float, float, float], tuple[float, float, float]]
TUMOURS: tuple[Lesion, ...] = (
    ((92.0, -22.0, 31.0), (21.0, 18.0, 20.0)),
    ((-6.0, 52.0, 62.0), (11.0, 11.0, 11.0)),
    ((110.0, -4.0, 4.0), (7.0, 7.0, 7.0)),
)
"""Centre and radii of the liver tumours, largest first."""
PORTAL_RADIUS, PANCREAS_TUMOUR_RADIUS, ABUTMENT = 7.0, 12.0, 1.0
"""The pancreatic tumour's sphere would reach `ABUTMENT` mm into the mesenteric vein: it touches it on a small cap."""


def _liver(v: Variation) -> Shape:
    def at(*point: float) -> Floats:
        return v.place("liver", [point], anchor=(60, 5, 45))[0]

    right = Ellipsoid(at(82, -8, 28), v.axes("liver", (66, 80, 88)), v.turned("liver", rotation(roll=6)))
    left = Ellipsoid(
        at(12, 36, 66), v.axes("liver", (74, 42, 28)), v.turned("liver", rotation(roll=14, yaw=8))
    )
    hollow = (
        Ellipsoid(at(10, -42, -10), (62, 58, 74)),  # the visceral face, over duodenum, kidney and spine
        Ellipsoid(at(42, 40, -52), (62, 74, 74), rotation(roll=30)),
        Ellipsoid(at(58, -62, -22), (38, 34, 58)),
        Ellipsoid(at(-66, -20, 60), (52, 50, 70)),  # the stomach's bed
    )
    inside = (Shell(trunk.DOMES, -1.0), Ellipsoid((0, 1, 0), (131, 82, float("inf"))))
    lobes = Cut(Union((right, left), blend=22), within=inside, without=hollow, blend=9)
    return Cut(lobes, without=(Shell(trunk.SPINE_BAY, 6),), blend=6)


def _vessels() -> dict[str, Shape]:
    aorta = Tube(
        [(-6, -34, 160), (-7, -31, 100), (-8, -27, 50), (-7, -24, 0), (-5, -20, -45), (-2, -19, -86)],
        [12, 11.5, 10.5, 9.5, 8.5, 8],
    )
    iliac = {
        f"iliac_artery_{side}": Tube(
            [(-2, -19, -84), (-2 + s * 12, -18, -104), (-2 + s * 30, -16, -150)], [6, 5.5, 5]
        )
        for side, s in (("left", -1), ("right", 1))
    }
    cava = Tube(
        [
            (16, -25, -92),
            (18, -24, -40),
            (19, -22, 0),
            (22, -20, 40),
            (25, -14, 76),
            (20, 0, 110),
            (16, 8, 132),
        ],
        [11, 11, 11.5, 12.5, 13, 13, 14],
    )
    veins = {
        f"iliac_vena_{side}": Tube(
            [(16, -26, -90), (14 + s * 14, -26, -110), (10 + s * 34, -24, -150)], [7.5, 7, 6.5]
        )
        for side, s in (("left", -1), ("right", 1))
    }
    mouth = (25, -12, 82)
    hepatic = Union(
        (
            Tube([mouth, (52, -22, 76), (82, -28, 64), (100, -38, 50)], [6, 5, 3.8, 2.2]),
            Tube([mouth, (42, 12, 76), (60, 34, 58), (66, 46, 36)], [6, 4.6, 3.6, 2.2]),
            Tube([mouth, (14, 14, 80), (-6, 30, 76), (-26, 40, 70)], [5.5, 4.2, 3.2, 2.0]),
        ),
        blend=4,
    )
    hilum = (44, 6, 40)
    portal = Union(
        (
            Tube(
                [(10, 16, -78), (11, 17, -40), (12, 15, -10), (14, 12, 10)],
                [4.5, 6, PORTAL_RADIUS, PORTAL_RADIUS],
            ),
            Tube([(14, 12, 8), (26, 10, 24), hilum], [PORTAL_RADIUS, 7.2, 7.0]),
            Tube([(14, 12, 9), (-14, 8, 20), (-50, -16, 36), (-84, -26, 46)], [5.4, 4.8, 4.2, 3.4], step=3),
            Tube([hilum, (66, 2, 42), (86, 4, 28), (100, 8, 14)], [6.4, 5.2, 4, 2.4]),
            Tube([(66, 2, 42), (80, -14, 54), (96, -4, 68)], [4.4, 3.6, 2.4]),
            Tube([hilum, (32, 24, 56), (10, 36, 62)], [5.6, 4.4, 2.6]),
        ),
        blend=3,
    )
    mesenteric = Tube(
        [(-7, -18, 8), (-5, -7, 2), (-3, 2, -12), (-1, 8, -36), (2, 14, -84)], [4.2, 4, 3.6, 3.2, 2.4], step=3
    )
    return {
        "aorta": aorta, **iliac, "inferior_vena_cava": cava, **veins, "hepatic_veins": hepatic,
        "portal_vein_and_splenic_vein": portal, "superior_mesenteric_artery": mesenteric,
    }  # fmt: skip


def _kidney(v: Variation, side: str) -> tuple[Shape, Shape]:
    s, name = (1, f"kidney_{side}") if side == "right" else (-1, f"kidney_{side}")
    centre = v.place(name, [(57.0, -44.0, -14.0) if s > 0 else (-59.0, -46.0, 2.0)])[0]
    k = v.size(name)
    turn = v.turned(name, rotation(roll=s * 10, pitch=-8, yaw=s * 28))
    bean = Ellipsoid(centre, v.axes(name, (26, 24, 54)), turn)
    sinus_at = centre + turn @ np.array([-s * 21 * k, 4.0, 0.0])
    sinus = Ellipsoid(sinus_at, (18 * k, 8 * k, 19 * k), turn)
    return Cut(Wavy(bean, 0.8, 45), without=(sinus,), blend=5), Cut(sinus, within=(Shell(bean, 1),))


def _adrenal(v: Variation, side: str) -> Shape:
    s = 1 if side == "right" else -1
    name = f"adrenal_gland_{side}"
    x, y, z = (35.0, -36.0, 46.0) if s > 0 else (-34.0, -29.0, 50.0)
    limbs = [
        [(x, y + 8, z + 2), (x + s * 4, y - 2, z), (x + s * 10, y - 14, z - 8)],
        [(x, y + 8, z + 2), (x - s * 2, y - 3, z - 2), (x - s * 3, y - 16, z - 10)],
        [(x, y + 8, z + 3), (x + s * 2, y - 1, z + 10), (x + s * 5, y - 11, z + 13)],
    ]
    return Union(
        [
            Tube(v.place(name, limb, anchor=(x, y, z)), v.radii(name, (3.2, 3.6, 2.6)), step=2)
            for limb in limbs
        ],
        blend=4,
    )


def pancreas_tumour(radius: float = PANCREAS_TUMOUR_RADIUS, abutment: float = ABUTMENT) -> Ellipsoid:
    """A sphere in the pancreatic head whose surface would pass `abutment` mm beneath the mesenteric vein's."""
    vein = _vessels()["portal_vein_and_splenic_vein"]
    assert isinstance(vein, Union)
    trunk_vein = vein.shapes[0]
    assert isinstance(trunk_vein, Tube)
    away = np.array([0.92, 0.25, -0.30])
    start, want = np.array([12.0, 15.0, -8.0]), radius - abutment
    near, far = 0.0, 60.0
    for _ in range(60):
        middle = (near + far) / 2
        near, far = (
            (middle, far) if trunk_vein.distance_to(tuple(start + middle * away)) < want else (near, middle)
        )
    x, y, z = np.round(start + near * away, 3)
    return sphere((float(x), float(y), float(z)), radius)


def textbook_lesions() -> list[Part]:
    """Three tumours in the liver, largest first, and one in the pancreas."""
    found = [
        Part(f"liver_tumor_{n}", Ellipsoid(c, r), 58 if n != 2 else 70, grain=6)
        for n, (c, r) in enumerate(TUMOURS, start=1)
    ]
    return [*found, Part("pancreas_tumor", pancreas_tumour(), 62, grain=5)]


def scene(v: Variation = TEXTBOOK, lesions: Sequence[Part] | None = None) -> Scene:
    """The patient, with the textbook's lesions if none are given; vessels run through lesions, not beneath them."""

    def tube(
        organ: str,
        points: Sequence[Point],
        radii: Sequence[float],
        waist: tuple[float, float] | None = None,
    ) -> Tube:
        return Tube(v.place(organ, points), v.radii(organ, radii), waist=waist)

    loops = [
        (
            44 * np.cos(t * 1.9) + 22 * np.cos(t * 4.7 + 1),
            30 + 21 * np.sin(t * 3.3) + 9 * np.cos(t * 7.1),
            -66 - 4.4 * t + 13 * np.sin(t * 2.6),
        )
        for t in np.arange(0.0, 16.0, 0.2)
    ]
    stomach = tube(
        "stomach",
        [(-66, -16, 84), (-70, 2, 70), (-68, 26, 46), (-50, 46, 22), (-20, 56, 8), (8, 54, 8), (26, 44, 16)],
        [26, 33, 30, 26, 20, 16, 8],
    )
    spleen_at = v.place("spleen", [(-100, -30, 58)])[0]
    spleen = Cut(
        Ellipsoid(spleen_at, v.axes("spleen", (40, 52, 54)), v.turned("spleen", rotation(roll=-16, yaw=-34))),
        within=(Shell(trunk.DOMES, -1.5), Ellipsoid((0, -2, 0), (131, 84, float("inf")))),
        without=(Ellipsoid(spleen_at + np.array([54, 32, -4]), (50, 46, 70)),),
        blend=7,
    )
    colon_course = [
        (94, -2, -150), (96, 2, -112), (100, 2, -74), (94, 22, -52), (66, 50, -54), (30, 66, -62), (-10, 70, -60), (-50, 62, -40),
        (-90, 34, -12), (-108, 0, 2), (-112, -18, -30), (-110, -16, -80), (-104, -6, -116), (-92, 4, -150),
    ]  # fmt: skip
    colon_radii = [22, 23, 21, 19, 18, 18, 18, 17, 16, 15, 14, 14, 14, 14]
    colon = tube("colon", colon_course, colon_radii, waist=(1.8, 22))
    vessels = _vessels()
    gas = Cut(Shell(stomach, -4.5), within=(Ellipsoid((-45, 72, 45), (90, 34, 90)),), blend=2)
    colon_gas = tube(
        "colon", [(x, y + 5, z) for x, y, z in colon_course], [0.5 * r for r in colon_radii], waist=(3.5, 37)
    )
    parts = [*trunk.wall(), *trunk.chest(v), *trunk.muscles()]
    parts += [
        Part(
            "small_bowel",
            tube("small_bowel", loops, [10.5] * len(loops), waist=(1.0, 17)),
            30,
            rim=88,
            rim_mm=2.0,
            grain=10,
        ),
        Part("colon", colon, 15, rim=75, rim_mm=2.2, grain=95),
        Part(None, Cut(colon_gas, within=(Shell(colon, -3),)), -930, grain=20),
        Part("stomach", stomach, 28, rim=85, rim_mm=3.0, grain=9),
        Part(None, gas, -960),
        Part(
            "esophagus",
            Tube([(-3, -18, 160), (-6, -14, 124), (-22, -6, 104), (-44, -4, 88)], [8, 8, 8, 9]),
            55,
        ),
        Part("spleen", spleen, 122, grain=4),
    ]
    for side in ("right", "left"):
        bean, sinus = _kidney(v, side)
        parts += [
            Part(None, sinus, -85, grain=12),
            Part(f"kidney_{side}", bean, 172, rim=192, rim_mm=5.0, grain=5),
        ]
    parts.append(Part("liver", _liver(v), 110, grain=4))
    parts += [Part(f"adrenal_gland_{side}", _adrenal(v, side), 75) for side in ("right", "left")]
    parts += [
        Part("duodenum", tube("duodenum", [(28, 42, 18), (48, 32, 16), (60, 16, 2), (60, 6, -24), (48, 0, -44), (22, 2, -50), (-8, -2, -48), (-28, 8, -34), (-36, 18, -18)], [10, 12, 12, 12, 11, 10, 9, 10, 10]), 35, rim=85, rim_mm=2.4, grain=12),
        Part("gallbladder", tube("gallbladder", [(50, 30, 24), (58, 42, 6), (66, 52, -14)], [5, 12, 14]), 10),
        Part("pancreas", Wavy(tube("pancreas", [(38, 8, -26), (36, 14, -4), (16, 24, 12), (-12, 18, 24), (-46, -4, 36), (-76, -16, 46)], [11, 17, 9.5, 10.5, 10.5, 7.5]), 1.3, 15), 98, grain=9),
    ]  # fmt: skip
    parts += textbook_lesions() if lesions is None else lesions
    bright = {
        "aorta": 158,
        "superior_mesenteric_artery": 158,
        "inferior_vena_cava": 142,
        "hepatic_veins": 168,
        "portal_vein_and_splenic_vein": 175,
    }
    parts += [Part(name, shape, bright.get(name, 150)) for name, shape in vessels.items()]
    parts += trunk.skeleton()
    return Scene(parts, background=-1000, modality="CT")
