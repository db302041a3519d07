"""Lesions and the organs they lie in."""

from __future__ import annotations

from collections import Counter

from napari_spatialmed.geometry.calculators.reading import flags_of, numbers
from napari_spatialmed.geometry.case_geometry import CaseGeometry
from napari_spatialmed.geometry.hosts import LEAST_SHARE, MOST_OF_SECOND, Shares, organ_of, shares_around
from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.registry import CalculatorArgumentsError, calculator


def _decided(shares: Shares) -> str | None:
    return _host_of(shares.ranked)


def _organ(geometry: CaseGeometry, shares: Shares) -> str | None:
    """The host with the shares of an organ's segments taken together: a lesion across two of them lies in the organ."""
    summed: dict[str, float] = {}
    for name, share in shares.ranked:
        whole = organ_of(geometry.structure(name)) or name
        summed[whole] = summed.get(whole, 0.0) + share
    return _host_of(tuple(sorted(summed.items(), key=lambda pair: -pair[1])))


def _host_of(ranked: tuple[tuple[str, float], ...]) -> str | None:
    if not ranked or ranked[0][1] < LEAST_SHARE:
        return None
    return ranked[0][0] if len(ranked) == 1 or ranked[1][1] <= MOST_OF_SECOND else None


@calculator(
    "host", scope="case", unit="", title="Host organ",
    description="Which organ a lesion lies in: the one that makes up at least half of the shell around it, if no other makes up more than 35 %; null if ambiguous.",
    reference="rule U4: overlap after dilation ≥ 0.5, second best ≤ 0.35",
)  # fmt: skip
def host(
    geometry: CaseGeometry, lesion: str, *, piece: int | None = None, radius_mm: float = 3.0
) -> Measurement:
    """The organ around a lesion, or around one of its pieces.

    Parameters
    ----------
    piece
        Which connected piece, 0 the largest; None for all of the label.
    radius_mm
        How thick the shell looked at is.
    """
    shares = shares_around(geometry, lesion, piece, radius_mm)
    value = _decided(shares)
    flags = flags_of(geometry, lesion) + (("undecidable",) if value is None else ())
    return Measurement(
        "host", value, "", None, f"shell of {radius_mm:g} mm, rule U4", (lesion,), flags,
        {"shares": dict(shares.ranked), "shell_voxels": shares.shell_voxels, "merged_with": list(shares.merged), "radius_mm": radius_mm},
    )  # fmt: skip


@calculator(
    "lesion_burden_percent", scope="case", unit="%", title="Lesion burden",
    description="Lesion volume as a percentage of its host organ's, the lesion counted as part of the organ.",
    reference="V(lesions) / (V(organ) + V(lesions)) · 100",
)  # fmt: skip
def lesion_burden_percent(
    geometry: CaseGeometry, lesion: str, *further: str, organ: str | None = None
) -> Measurement:
    """Share of the host that one or several lesion labels take.

    Parameters
    ----------
    organ
        The host; found by rule U4 for the first lesion if not given.
    """
    lesions = (lesion, *further)
    inside = organ if organ is not None else host(geometry, lesion).value
    if not isinstance(inside, str):
        return Measurement(
            "lesion_burden_percent",
            None,
            "%",
            None,
            "no host by rule U4",
            lesions,
            (*flags_of(geometry, *lesions), "undecidable"),
        )
    sick = sum(int(geometry.survey.counts[geometry.row(name)]) for name in lesions)
    whole = sick + int(geometry.survey.counts[geometry.row(inside)])
    return Measurement(
        "lesion_burden_percent", 100.0 * sick / whole, "%", 100.0 / whole, "lesion over organ with lesion", (*lesions, inside),
        flags_of(geometry, *lesions, inside),
        {"host": inside, "lesion_ml": sick * geometry.survey.voxel_ml, "organ_with_lesion_ml": whole * geometry.survey.voxel_ml},
    )  # fmt: skip


@calculator(
    "lesion_count", scope="case", unit="count", title="Lesions",
    description="Number of separate lesions (connected pieces of lesion labels, specks left out), in all and by host structure, by organ (its segments or lobes taken together) and by segment.",
    reference="connected pieces, 26-neighbourhood, each with its host by rule U4",
)  # fmt: skip
def lesion_count(geometry: CaseGeometry, *lesions: str, least_voxels: int = 20) -> Measurement:
    """Lesions of the given labels, or of all lesion labels of the case, by host.

    Parameters
    ----------
    least_voxels
        Smaller pieces are specks and not counted (rule U3).
    """
    names = lesions or tuple(
        s.name for s in geometry.case.structures if s.kind == "lesion" and s.label in geometry.survey
    )
    counted: list[dict[str, object]] = []
    by_host, by_organ, by_segment = Counter[str](), Counter[str](), Counter[str]()
    specks = 0
    for name in names:
        found = geometry.pieces(name)
        for piece, size in enumerate(found.sizes.tolist()):
            if size < least_voxels:
                specks += 1
                continue
            shares = shares_around(geometry, name, piece, 3.0)
            inside, organ = _decided(shares), _organ(geometry, shares)
            segment = inside if inside is not None and organ_of(geometry.structure(inside)) else None
            by_host[inside or "undecided"] += 1
            by_organ[organ or "undecided"] += 1
            if segment or _has_segments(geometry, organ):
                by_segment[segment or "undecided"] += 1
            counted.append({
                "structure": name, "piece": piece, "voxels": size, "volume_ml": size * geometry.survey.voxel_ml,
                "host": inside, "organ": organ, "segment": segment, "centroid_ras_mm": numbers(geometry.to_ras(found.centroids[piece])),
            })  # fmt: skip
    return Measurement(
        "lesion_count", len(counted), "count", 1.0, f"pieces of at least {least_voxels} voxels", tuple(names),
        flags_of(geometry, *names), {"by_host": dict(by_host), "by_organ": dict(by_organ), "by_segment": dict(by_segment), "lesions": counted, "specks": specks},
    )  # fmt: skip


def _has_segments(geometry: CaseGeometry, organ: str | None) -> bool:
    return organ is not None and any(organ_of(s) == organ for s in geometry.case.structures)


@calculator(
    "asymmetry_percent", scope="case", unit="%", title="Asymmetry",
    description="Volume difference of a paired organ's two sides as a percentage of their mean: positive where the right is larger.",
    reference="200 · (R − L) / (R + L)",
)  # fmt: skip
def asymmetry_percent(geometry: CaseGeometry, name: str, other: str | None = None) -> Measurement:
    """Asymmetry of a pair; the other side is looked up if not given."""
    first = geometry.structure(name)
    second = geometry.structure(other) if other is not None else geometry.other_side(first)
    if second is None or {first.side, second.side} != {"left", "right"}:
        raise CalculatorArgumentsError(
            f"{name} has no other side in this case", hint="Name a left and a right structure."
        )
    right, left = (first, second) if first.side == "right" else (second, first)
    n_right, n_left = (int(geometry.survey.counts[geometry.row(s.name)]) for s in (right, left))
    total = n_right + n_left
    return Measurement(
        "asymmetry_percent", 200.0 * (n_right - n_left) / total, "%", 400.0 * max(n_right, n_left) / (total * (total + 1)),
        "200 (R − L) / (R + L) by voxel volume", (right.name, left.name), flags_of(geometry, right.name, left.name),
        {"right_ml": n_right * geometry.survey.voxel_ml, "left_ml": n_left * geometry.survey.voxel_ml},
    )  # fmt: skip
