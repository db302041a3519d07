"""What may be asked of a structure at all: the U rules as checks that either pass or say why not.

Forms call them while picking structures, `build_question` while building, and the rules again on a finished question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from napari_spatialmed.case import Structure
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.geometry import CaseGeometry, Measurement, measure
from napari_spatialmed.questions.form import UndecidableError, number_of
from napari_spatialmed.questions.naming import AXIS_WORDS, hint_in, is_level, nameable

FEWEST_VOXELS = 50
FEWEST_LESION_VOXELS = 20
DIRECTION_MARGIN_MM = 5.0
PIECE_SHARE = 0.1
"""A second piece of this share makes an organ's centre and extent meaningless; ours."""
HOST_SHARE = 0.5
RIVAL_SHARE = 0.35


def check_size(geometry: CaseGeometry, name: str) -> None:
    """Rule U3: not under 50 voxels, lesions not under 20."""
    structure = geometry.case[name]
    fewest = FEWEST_LESION_VOXELS if structure.kind == "lesion" else FEWEST_VOXELS
    voxels = number_of(measure(geometry, "voxels", name))
    if voxels < fewest:
        raise UndecidableError(
            "U3", f"The {structure.title} has {voxels:.0f} voxels; under {fewest} it is not asked about."
        )


def check_whole(geometry: CaseGeometry, name: str) -> None:
    """Rule U2: not cut by the scan's border."""
    if measure(geometry, "touches_border", name).value:
        raise UndecidableError(
            "U2",
            f"The {geometry.case[name].title} is cut by the scan's border: its size or centre is not known.",
        )


def check_direction(geometry: CaseGeometry, first: str, second: str, axis: str) -> None:
    """Rule U1: clearly on one side along the axis, by at least 5 mm."""
    if direction_of(geometry, first, second, axis) is None:
        case = geometry.case
        raise UndecidableError(
            "U1",
            f"Along {AXIS_WORDS[axis]}, the {case[first].title} and the {case[second].title} are less than "
            f"{DIRECTION_MARGIN_MM:g} mm apart: neither lies clearly on one side.",
        )


def direction_of(geometry: CaseGeometry, first: str, second: str, axis: str) -> str | None:
    """Where the first lies seen from the second along one axis, or None if undecidable."""
    value = direction_measured(geometry, first, second).value
    word = value.get(axis) if isinstance(value, dict) else None
    return word if isinstance(word, str) else None


def direction_measured(geometry: CaseGeometry, first: str, second: str) -> Measurement:
    """The direction by centroids, or by boxes that must not overlap where the border cuts one of them.

    A cut structure's centroid is not known (rule U2); that its visible part lies wholly on one side is.
    """
    cut = any(measure(geometry, "touches_border", name).value for name in (first, second))
    return measure(
        geometry, "direction", first, second, by="box" if cut else "centroid", minimum_mm=DIRECTION_MARGIN_MM
    )


def check_host(geometry: CaseGeometry, lesion: str) -> str:
    """Rule U4: which organ a lesion lies in, if that is unambiguous."""
    found = measure(geometry, "host", lesion)
    if not isinstance(found.value, str):
        raise UndecidableError(
            "U4",
            f"Which organ the {geometry.case[lesion].title} lies in is ambiguous: no organ takes {HOST_SHARE:.0%} of its "
            f"surroundings with the next one at most {RIVAL_SHARE:.0%}.",
        )
    return found.value


def piece_count(geometry: CaseGeometry, name: str) -> int:
    """Pieces of a structure without its specks (under 1 % of it)."""
    found = measure(geometry, "components", name)
    return int(number_of(found)) - int(found.detail["specks"])


def check_one_piece(geometry: CaseGeometry, name: str) -> None:
    """Rules U5 and U3: one thing to ask about: no several lesions under one name, no organ in large pieces."""
    structure = geometry.case[name]
    pieces = measure(geometry, "components", name).detail["pieces"]
    total = sum(piece["voxels"] for piece in pieces)
    if structure.kind == "lesion":
        count = sum(not piece["speck"] for piece in pieces)
        if count > 1:
            raise UndecidableError(
                "U5",
                f"There are {count} separate pieces of {structure.title}: the question would not say which one it means.",
            )
    elif sum(piece["voxels"] >= PIECE_SHARE * total for piece in pieces) > 1:
        raise UndecidableError(
            "U3",
            f"Several large pieces make up the {structure.title}: there is no one centre, side or extent.",
        )


def check_nameable(structure: Structure) -> None:
    """Rule U5: the name can stand in a sentence."""
    if not nameable(structure.title):
        raise UndecidableError("U5", f"The name {structure.title[:60]!r} can't stand in a sentence.")


def tells_direction(geometry: CaseGeometry, names: Sequence[str], axis: str) -> bool:
    """Whether these names give a direction along the axis away (rule O5): by a word, or by numbered levels."""
    titles = [geometry.case[name].title for name in names]
    return any(hint_in(title, axis) for title in titles) or (axis == "SI" and sum(map(is_level, titles)) > 1)


def passes(check: Callable[..., object], *arguments: object) -> bool:
    """Whether a check finds nothing; what has no voxel left passes none."""
    try:
        check(*arguments)
    except SpatialMedError:
        return False
    return True


def askable(
    geometry: CaseGeometry, *, whole: bool = False, one_piece: bool = False, kinds: Iterable[str] = ()
) -> Iterator[str]:
    """Names that pass the cheap checks, in the label map's order."""
    wanted = tuple(kinds)
    for structure in geometry.case.structures:
        if (
            (not wanted or structure.kind in wanted)
            and nameable(structure.title)
            and passes(check_size, geometry, structure.name)
            and (not whole or passes(check_whole, geometry, structure.name))
            and (not one_piece or passes(check_one_piece, geometry, structure.name))
        ):
            yield structure.name
