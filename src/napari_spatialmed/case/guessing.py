"""Which names table fits a label map that came without one, and why; no guess where several fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from napari_spatialmed.case.model import CaseError, Modality
from napari_spatialmed.case.namefiles import read_names_file
from napari_spatialmed.case.names import NameTable, name_tables, table_of, table_words
from napari_spatialmed.case.volume import VOLUME_NAME
from napari_spatialmed.wording import counted

_SIDECAR_ENDINGS = (".json", ".csv", ".tsv", ".label", ".ctbl", ".lut", ".txt")
_SIDECAR_NAMES = ("names", "labels", "label", "dataset", "structures", "labelmap", "seg", "segmentation")
_MANY = 15
"""From this many labels on, the set alone can tell tables apart."""
_WHOLE = 0.8
_TELLING = 4
"""A word of a path shorter than this tells nothing."""
_SAME_FAMILY = {"totalsegmentator_total_v3": "totalsegmentator_total"}
"""Tables that differ in one name only: the older is taken."""


def guess_names(
    labels: Iterable[int],
    path: Path | None = None,
    modality: Modality = "unknown",
    *,
    inside: Mapping[int, tuple[str, tuple[int, int, int] | None]] | None = None,
    inside_reason: str = "the label file names them itself",
) -> tuple[NameTable | None, str]:
    """Guess the names table of a label map.

    Parameters
    ----------
    labels
        The labels that occur.
    path
        The label map's file: files beside it and the words of its path are looked at.
    modality
        What the scan is, where its file says so.
    inside, inside_reason
        Names (and colours) that the label map brings along, and how.

    Returns
    -------
    table, reason
        The table and in words why; None and why not.
    """
    present = {int(v) for v in labels if v}
    if inside:
        named = {k: n for k, (n, _) in inside.items()}
        known = next(
            (t for t in name_tables().values() if named.items() <= t.names.items() and len(named) >= _MANY),
            None,
        )
        if known is not None:
            return known, inside_reason
        colors = {k: shade for k, (_, shade) in inside.items() if shade is not None}
        return table_of(named, "names with the labels", str(path), colors=colors), inside_reason
    if path is not None:
        beside = _beside(path, present)
        if beside is not None:
            return beside, f"{beside.id} lies beside the labels"
        told = _by_path(path, present, modality)
        if told is not None:
            return told
    return _by_labels(present, modality)


def _beside(path: Path, present: set[int]) -> NameTable | None:
    """A names file that belongs to this label map: of its own name, of a usual name, or MSD's dataset.json above it."""
    folder = path.parent if not path.is_dir() else path
    stem = VOLUME_NAME.sub("", path.name)
    own = [
        folder / f"{base}{ending}" for base in (stem, path.name, f"{stem}.nii") for ending in _SIDECAR_ENDINGS
    ]
    usual = [folder / f"{name}{ending}" for name in _SIDECAR_NAMES for ending in _SIDECAR_ENDINGS]
    shared = set(re.findall(r"[a-z0-9]+", stem.casefold()))
    try:
        related = [
            f
            for f in sorted(folder.iterdir())
            if f.suffix.casefold() in (".csv", ".tsv", ".label", ".ctbl", ".json")
            and f.stem.casefold().startswith(("labels", "names", "label"))
            and set(re.findall(r"[a-z0-9]+", f.stem.casefold())) - {"labels", "names", "label"} <= shared
        ]
    except OSError:
        related = []
    above = [folder.parent / "dataset.json"] if folder.name.casefold() in ("labelstr", "labelsts") else []
    for file in dict.fromkeys([*own, *related, *usual, *above]):
        if not file.is_file():
            continue
        try:
            table = read_names_file(file)
        except CaseError:
            continue  # a file of that name that holds something else
        if len(present & table.labels) * 2 >= len(present):
            return table
    return None


def _by_path(path: Path, present: set[int], modality: Modality) -> tuple[NameTable, str] | None:
    """A data set named in the path, if its table knows every label."""
    tokens = [
        t for part in path.parts[-4:] for t in re.findall(r"[a-z0-9]+", VOLUME_NAME.sub("", part).casefold())
    ]
    own = re.findall(r"[a-z0-9]+", VOLUME_NAME.sub("", path.name).casefold())
    found: list[tuple[int, str, NameTable]] = []
    for word, table in table_words().items():
        # A mask of one thing, in a data set of several, may be anything: only its own name can tell.
        searched = own if present == {1} and len(table.labels) > 1 else tokens
        parts = word.split("-")
        if (
            len(word) >= _TELLING
            and all(any(_says(t, p) for t in searched) for p in parts)
            and present <= table.labels
            and _agrees(table, modality)
        ):
            found.append((len(word), word, table))
    if not found:
        return None
    longest = max(n for n, _, _ in found)
    best = {t.id: (w, t) for n, w, t in found if n == longest}
    if len(best) != 1:
        return None
    word, table = next(iter(best.values()))
    if word == "total" and max(present) <= 26:
        return None  # many tables hold few labels, and the word is a common one
    return table, f"its path says {word!r}, and the table knows every label in the map"


def _says(token: str, word: str) -> bool:
    """``amos`` is said by ``amos`` and ``amos0013``."""
    return token == word or (token.startswith(word) and token[len(word) :].isdigit())


def _by_labels(present: set[int], modality: Modality) -> tuple[NameTable | None, str]:
    """The one table that fits a large or telling set of labels."""
    fitting = [t for t in name_tables().values() if present <= t.labels and _agrees(t, modality)]
    families = {t.id: t for t in fitting if _SAME_FAMILY.get(t.id) not in {f.id for f in fitting}}
    shown = _in_words(present)
    if present == {1, 2, 4} and modality in ("MR", "unknown"):
        return name_tables()[
            "brats2021"
        ], "the labels 1, 2 and 4 without 3 are how BraTS 2017–2021 labels gliomas"
    if len(present) >= _MANY or max(present, default=0) > 255:
        # An atlas of the brain comes whole; a part of one is something else.
        full = [t for t in families.values() if t.system != "Brain" or len(present) >= _WHOLE * len(t.labels)]
        if len(full) == 1:
            table = full[0]
            return table, f"of all tables only {table.id} knows every label in the map ({shown})"
    if not fitting:
        return None, f"no table knows all labels in the map ({shown}); choose one, or give one of your own"
    near = sorted(fitting, key=lambda t: len(t.labels - present))[:4]
    named = ", ".join([*(t.id for t in near), *(["…"] if len(fitting) > len(near) else [])])
    which = f"the label {shown} fits" if len(present) == 1 else f"the labels {shown} fit"
    return None, f"{which} {counted(len(fitting), 'table')} ({named}); choose the right one"


def _agrees(table: NameTable, modality: Modality) -> bool:
    return "unknown" in (table.modality, modality) or table.modality == modality


def _in_words(present: set[int]) -> str:
    ordered = sorted(present)
    return (
        ", ".join(map(str, ordered))
        if len(ordered) <= 6
        else f"{ordered[0]} to {ordered[-1]}, {len(ordered)} of them"
    )
