"""Other names for an open case: a wrong names table replaced, one structure renamed, the names saved beside the labels.

No voxel changes; the case stays the same case.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

from napari_spatialmed.case.anatomy import describe
from napari_spatialmed.case.modality import implausible
from napari_spatialmed.case.model import Case, CaseError, Structure
from napari_spatialmed.case.names import NamesSpec, clean_name, load_names
from napari_spatialmed.whole import written_whole

OWN_NAMES = "own names"
"""Identifier of names that were given by hand."""
_ENDINGS = (".json", ".csv")
_OF_NAMES = ("the names table ", "unusual mean intensity", "they don't belong together")
"""How notes begin that speak of the names, and no longer hold under others."""


def renamed(case: Case, names: NamesSpec) -> Case:
    """The case under another names table; labels that the table doesn't know keep their number.

    Parameters
    ----------
    case
        Stays as it is; the new one shares its arrays.
    names
        As in :func:`~napari_spatialmed.case.open_case`.

    Raises
    ------
    CaseError
        If there is no such table or file, it knows none of the case's labels, or most structures of a CT would have
        intensities that can't be theirs.
    """
    table = load_names(names)
    found = [(s.label, table.structure(s.label)) for s in case]
    if not any(known for _, known in found):
        raise CaseError(
            f"the names table {table.id} knows none of this scan's {len(found)} labels",
            where=table.path,
            hint="Choose the table of the data set or program that drew the labels.",
        )
    structures = tuple(known or describe(label, f"label_{label}") for label, known in found)
    return _with_structures(case, structures, table.id, table.path, _checked(case, structures))


def with_name(case: Case, label: int, name: str) -> Case:
    """The case with one structure called otherwise.

    Raises
    ------
    CaseError
        If nothing is left of the name, or another structure has it.
    """
    cleaned = clean_name(name)
    if not cleaned:
        raise CaseError("a structure needs a name", hint="Write one, e.g. left kidney.")
    new = describe(label, cleaned)
    for other in case:
        if other.label != label and cleaned.casefold() in (other.name.casefold(), other.title.casefold()):
            raise CaseError(
                f"label {other.label} is called {other.title!r} already",
                hint="Give each structure a name of its own.",
            )
    structures = tuple(new if s.label == label else s for s in case)
    try:
        notes = _checked(case, structures)
    except CaseError as error:  # one right name among many wrong ones must not be refused
        notes = (error.what,)
    return _with_structures(case, structures, OWN_NAMES, None, notes)


def names_differ(before: Case, after: Case) -> tuple[tuple[Structure, Structure], ...]:
    """The structures that two sets of names for one scan call differently, as (before, after)."""
    return tuple((s, after[s.label]) for s in before if after[s.label].name != s.name)


def is_named(structure: Structure) -> bool:
    """Whether a structure has more of a name than its number."""
    return structure.name != f"label_{structure.label}"


def save_names(case: Case, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write the case's names as ``{"1": "liver"}`` (JSON) or as columns label, name, r, g, b (CSV).

    Parameters
    ----------
    path
        Ends in ``.json`` or ``.csv``.  Called ``names.json`` beside the labels it is found by itself the next time.
    overwrite
        Replace an existing file.

    Returns
    -------
    Path
        The file written, complete: it is written aside and moved into place.

    Raises
    ------
    CaseError
        If the ending is another, the file exists, or it can't be written.
    """
    path = Path(path)
    if path.suffix.casefold() not in _ENDINGS:
        raise CaseError(
            "names are saved as JSON or CSV", where=path, hint="Let the file's name end in .json."
        )
    if path.exists() and not overwrite:
        raise CaseError(
            "the file exists already; nothing was written",
            where=path,
            hint="Choose another name, or ask for overwriting.",
        )
    named = [s for s in case if is_named(s)]
    if path.suffix.casefold() == ".csv":
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(("label", "name", "r", "g", "b"))
        writer.writerows((s.label, s.name, *s.color) for s in named)
        text = table.getvalue()
    else:
        text = json.dumps({str(s.label): s.name for s in named}, indent=1, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as beside:
            beside.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise CaseError(
            f"the names can't be written ({error.strerror or error})",
            where=path,
            hint="Choose a folder you can write to.",
        ) from error
    return path


def kept_in(case: Case, path: Path) -> Case:
    """The case, knowing the file that its names were saved in."""
    after = _with_structures(case, case.structures, case.provenance.names, path, ())
    after.provenance = replace(after.provenance, notes=case.provenance.notes)
    return after


def _checked(case: Case, structures: tuple[Structure, ...]) -> tuple[str, ...]:
    """What the scan's intensities say against these names."""
    if case.image is None or case.modality != "CT":
        return ()
    files = case.provenance
    return implausible(
        case.labels, case.image, structures, files.labels_path or Path("labels"), files.image_path
    )


def _with_structures(
    case: Case, structures: tuple[Structure, ...], names: str, path: Path | None, found: tuple[str, ...]
) -> Case:
    notes = tuple(n for n in case.provenance.notes if not n.startswith(_OF_NAMES))
    notes = (*notes, *found)
    unknown = sum(not is_named(s) for s in structures)
    if unknown:
        notes = (*notes, f"{unknown} of {len(structures)} labels have no name and keep their number")
    provenance = replace(case.provenance, names=names, names_reason="given", names_path=path, notes=notes)
    after = Case(case.labels, case.affine, structures, case.image, case.modality, provenance)
    # Where there is no scan, the id is a hash of the labels, which may have been edited since: it stays what it was.
    vars(after)["id"] = case.id
    return after
