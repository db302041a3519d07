"""The wall and frame of the phantom trunk: skin, fat, muscles, spine, ribs, lungs, heart, in CT numbers.

Levels (S in mm): T9 from 121 up, T10 95–121, T11 67–95, T12 37–67, L1 4–37, L2 −32–4, L3 −68–−32, L4 −104–−68, L5 below.
"""

from __future__ import annotations

import numpy as np

from phantoms.combine import Cut, Shell, Union, Wavy
from phantoms.scene import Part
from phantoms.shapes import Ellipsoid, Floats, HalfSpace, Shape, Tube, rotation
from phantoms.variation import Variation

FAR = float("inf")
LEVELS = {
    "L5": (-139.0, -104.0),
    "L4": (-104.0, -68.0),
    "L3": (-68.0, -32.0),
    "L2": (-32.0, 4.0),
    "L1": (4.0, 37.0),
    "T12": (37.0, 67.0),
    "T11": (67.0, 95.0),
    "T10": (95.0, 121.0),
    "T9": (121.0, 146.0),
}
DISC = 7.0

SKIN = Ellipsoid((0, -6, 0), (166, 116, FAR), exponent=2)
CAVITY = Ellipsoid((0, 2, 0), (134, 84, FAR), exponent=2)
SPINE_BAY = Ellipsoid((0, -78, 0), (30, 42, FAR))
DOMES = Union(
    (
        Ellipsoid((72, -2, 14), (84, 96, 98)),
        Ellipsoid((-70, -2, 6), (84, 96, 96)),
        Ellipsoid((0, 22, 20), (60, 70, 78)),
    ),
    blend=26,
)
"""Both halves of the diaphragm, as the body that they bulge over."""


def spine_curve(z: float) -> float:
    """How far a vertebral body's centre lies towards A at a height: lumbar lordosis, thoracic kyphosis."""
    return -60.0 + 8.0 * float(np.exp(-(((z + 50.0) / 55.0) ** 2))) - 3.0 * max(z - 60.0, 0.0) / 60.0


def wall() -> list[Part]:
    """Skin, subcutaneous fat, the muscle wall and the fat inside it: the scan only."""
    muscle = Wavy(Ellipsoid((0, -6, 0), (146, 97, FAR)), 1.2, 90)
    flank = Cut(muscle, without=(Ellipsoid((0, 4, 0), (135, 85, FAR)),))
    linea_alba = Ellipsoid((0, 90, 0), (5, 14, FAR))
    return [
        Part(None, Wavy(SKIN, 1.5, 160), -100, rim=20, rim_mm=1.8),
        Part(None, muscle, -105, grain=5),
        Part(None, flank, 52, grain=6),
        Part(None, linea_alba, -60),
        Part(None, Cut(Ellipsoid((0, -88, 0), (84, 30, FAR)), within=(muscle,)), -40, grain=8),
    ]


def muscles() -> list[Part]:
    """The erector spinae and psoas of both sides."""
    parts = []
    for side, s in (("left", -1), ("right", 1)):
        erector = Wavy(Ellipsoid((s * 33, -86, 0), (25, 17, FAR), rotation(yaw=s * 12)), 1.0, 60)
        parts.append(Part(f"autochthon_{side}", erector, 55, grain=7))
        belly = [
            (s * 25, -52, 18),
            (s * 31, -50, -15),
            (s * 37, -47, -55),
            (s * 43, -42, -95),
            (s * 50, -32, -140),
        ]
        parts.append(Part(f"iliopsoas_{side}", Tube(belly, [6, 12, 17, 20, 19]), 58, grain=5))
    return parts


def vertebra(level: str) -> tuple[Shape, Shape]:
    """One vertebra and the disc above it."""
    low, high = LEVELS[level]
    z, height = (low + high) / 2 - DISC / 2, (high - low - DISC) / 2
    y, lumbar = spine_curve(z), level.startswith("L")
    wide, deep = (23.0, 16.5) if lumbar else (18.0 + (level == "T12") * 2, 15.0)
    canal = Ellipsoid((0, y - deep - 8.5, z), (10.5, 8.0, FAR))
    body = Ellipsoid((0, y, z), (wide, deep, height), exponent=4)
    arch_y = y - deep - 8
    arch = Cut(Ellipsoid((0, arch_y, z - 1), (16, 13, height * 0.62)), without=(canal,), blend=2)
    pieces: list[Shape] = [body, arch]
    tip = (0, arch_y - (30 if lumbar else 27), z - (10 if lumbar else 17))
    pieces.append(Tube([(0, arch_y - 10, z - 2), tip], [4.2, 3.6]))
    pieces.append(Tube([(0, arch_y - 10, z - 8), (0, tip[1], tip[2] - 5)], [4.0, 3.4]))
    for s in (-1, 1):
        reach = 38 if lumbar else 26
        pieces.append(Tube([(s * 12, y - deep + 3, z + 4), (s * 13, arch_y, z + 2)], [5.0, 5.0]))
        pieces.append(Tube([(s * 12, arch_y - 2, z + 2), (s * reach, arch_y - 6, z + 3)], [4.6, 3.2]))
        pieces.append(
            Tube([(s * 14, arch_y - 4, z + height * 0.7), (s * 15, arch_y - 6, z - height * 0.9)], [4.2, 4.6])
        )
    disc = Ellipsoid((0, y, high - DISC / 2), (wide - 0.5, deep - 0.5, DISC / 2 + 0.6), exponent=4)
    return Cut(Union(pieces, blend=4), without=(canal,)), disc


def rib(number: int, s: int) -> Tube:
    """A rib from its vertebra round the side of the chest, sloping down."""
    start = {8: 150.0, 9: 130.0, 10: 105.0, 11: 78.0, 12: 49.0}[number]
    reach, drop = {8: (165, 92), 9: (160, 88), 10: (145, 84), 11: (100, 66), 12: (62, 44)}[number]
    knots = [(s * 26.0, -92.0, start), (s * 40.0, -97.0, start - 2)]
    for angle in np.arange(30.0, reach + 0.1, 14.0):
        a = np.radians(angle)
        share = angle / reach
        knots.append((s * 138.5 * np.sin(a), -6 - 92 * np.cos(a), start - drop * share**1.15))
    knots[1] = (s * 46.0, -93.5, start - 4)
    return Tube(knots, [4.2] * 2 + [5.0] * (len(knots) - 3) + [4.0], step=5)


def skeleton() -> list[Part]:
    """Ribs 8–12 of both sides, vertebrae T9–L5 with discs, and the canal with the cord."""
    parts = [
        Part(f"rib_{side}_{number}", rib(number, s), 260, rim=560, rim_mm=1.6, grain=30)
        for side, s in (("left", -1), ("right", 1))
        for number in (8, 9, 10, 11, 12)
    ]
    for level in LEVELS:
        bone, disc = vertebra(level)
        parts.append(Part(None, disc, 85, grain=6))
        parts.append(Part(f"vertebrae_{level}", bone, 190, rim=480, rim_mm=1.8, grain=32))
    heights = np.arange(-150.0, 151.0, 25.0)

    def canal_line(where: Floats) -> list[tuple[float, float, float]]:
        return [(0.0, spine_curve(float(z)) - (24.5 if z < 35 else 23.0), float(z)) for z in where]

    parts.append(Part(None, Tube(canal_line(heights), 8.0), 14))
    parts.append(
        Part("spinal_cord", Tube(canal_line(heights[heights >= 0]), [2.5, 4.4, 4.8, 4.8, 4.8, 4.8, 4.8]), 42)
    )
    return parts


def chest(v: Variation) -> list[Part]:
    """Lung bases behind and beside the domes, and the heart's lower half."""
    thorax = Cut(Ellipsoid((0, -8, 0), (134, 86, FAR)), without=(Shell(SPINE_BAY, 0.0),), blend=12)
    diaphragm = Cut(
        Shell(DOMES, 3.5), within=(thorax,), without=(Shell(DOMES, 0.0), HalfSpace((0, 0, 40), (0, 0, 1)))
    )
    limit = HalfSpace((0, -20, 52), (0, -0.55, -1))
    parts = [Part(None, diaphragm, 55)]
    heart = Wavy(
        Ellipsoid(
            v.place("heart", [(-24, 34, 134)])[0],
            v.axes("heart", (60, 44, 40)),
            v.turned("heart", rotation(roll=14, yaw=-25)),
        ),
        1,
        70,
    )
    for side, s in (("left", -1), ("right", 1)):
        medial = HalfSpace((s * 16, 0, 0), (-s, 0, 0))
        lobe = Cut(
            thorax,
            within=(limit, medial, HalfSpace((0, 0, 5), (0, 0, -1))),
            without=(Shell(DOMES, 4.0), Shell(heart, 4.0)),
            blend=5,
        )
        fissure = ((0.0, 1.0, -0.75), (0, 32, 110))
        lower = Cut(lobe, within=(HalfSpace(fissure[1], fissure[0]),))
        front = Cut(lobe, within=(HalfSpace(fissure[1], tuple(-c for c in fissure[0])),))
        front_name = "lung_middle_lobe_right" if s > 0 else "lung_upper_lobe_left"
        parts += [
            Part(f"lung_lower_lobe_{side}", lower, -850, grain=28),
            Part(front_name, front, -860, grain=28),
        ]
    return [*parts, Part("heart", heart, 135, grain=6)]
