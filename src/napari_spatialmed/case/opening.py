"""Open a case: read, check, bring together, name.  From here it goes to geometry and to the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.case.anatomy import describe
from napari_spatialmed.case.grids import bring_together, share_place
from napari_spatialmed.case.guessing import guess_names
from napari_spatialmed.case.header import check_affine
from napari_spatialmed.case.masks import is_mask_folder, read_masks
from napari_spatialmed.case.modality import guess_modality, implausible
from napari_spatialmed.case.model import Case, CaseError, Modality, Provenance, Structure
from napari_spatialmed.case.names import NamesSpec, NameTable, load_names
from napari_spatialmed.case.orientation import to_display_order
from napari_spatialmed.case.values import image_values, label_values, labels_present
from napari_spatialmed.case.volume import Progress, Volume, read_volume

_MANY_LABELS = 100
_MOSTLY = 0.5


def open_case(
    labels: Path | str,
    image: Path | str | None = None,
    *,
    names: NamesSpec | None = None,
    segmentation: str = "unknown",
    modality: Modality | None = None,
    progress: Progress | None = None,
) -> Case:
    """Open a label map and the scan it belongs to.

    Parameters
    ----------
    labels
        A label map (NIfTI, MGH, NRRD, MetaImage), or a folder with one mask file per structure.
    image
        The scan, in the same formats or as a DICOM folder; None opens the label map alone.
    names
        A table's id or alias (``totalsegmentator``, ``msd-liver``, …), a names file, a table, or ``{label: name}``.
        None guesses; :attr:`Provenance.names_reason` says why.
    segmentation
        Who drew the labels: ``ground truth``, ``model NAME VERSION`` or ``unknown``.
    modality
        Where it is known better than the files say.
    progress
        Called with words and a share from 0 to 1, perhaps from a worker thread.

    Returns
    -------
    Case
        With every change made on the way in as a sentence in ``provenance.notes``.

    Raises
    ------
    CaseError
        With the file, the reason and what to do: missing, broken, another kind, no labels, different scans, unknown names.
    """
    labels_path = Path(labels)
    image_path = None if image is None else Path(image)
    given = None if names is None else load_names(names)
    if image_path is not None and not image_path.exists():
        raise CaseError("no such file", where=image_path, hint="Check the path and its spelling.")
    map_ = (
        read_masks(labels_path, given, progress)
        if is_mask_folder(labels_path)
        else read_volume(labels_path, "labels", progress)
    )
    if not map_.array.any():
        raise CaseError(
            "the label map is empty: every voxel is 0", where=labels_path, hint="Is it the right file?"
        )
    notes = map_.notes
    scan: Volume | None = None
    if image_path is None:
        map_ = map_.in_display_order()
        array, affine = map_.array, map_.placed()
        picture: NDArray[Any] | None = None
    else:
        scan = read_volume(image_path, "image", progress)
        map_, scan, shared = share_place(map_, scan)
        map_ = map_.in_display_order()  # one after the other, so that only one is held twice
        scan = scan.in_display_order()
        array, picture, affine, together = bring_together(map_, scan)
        notes = (*notes, *(f"scan: {n}" for n in scan.notes), *shared, *together)
    present = labels_present(array)
    _refuse_scan_as_labels(array, present, labels_path)
    table: NameTable | None = given
    reason = "given"
    if given is None:
        seen, _ = guess_modality(modality, scan, image_path or labels_path, picture)
        table, reason = guess_names(
            present, labels_path, seen, inside=map_.names, inside_reason=map_.names_from
        )
    kind, kind_reason = guess_modality(modality, scan, image_path or labels_path, picture, table)
    structures = _structures(present, table)
    notes = (*notes, *_unnamed(structures, table))
    if picture is not None and kind == "CT":
        notes = (*notes, *implausible(array, picture, structures, labels_path, image_path))
    provenance = Provenance(
        labels_path=labels_path,
        image_path=image_path,
        names=table.id if table else "none",
        names_reason=reason,
        segmentation=segmentation,
        modality_reason=kind_reason,
        notes=notes,
        names_path=table.path if table else None,
    )
    return Case(array, affine, structures, picture, kind, provenance)


def make_case(
    labels: NDArray[Any],
    affine: NDArray[np.float64],
    *,
    names: NamesSpec | None = None,
    image: NDArray[Any] | None = None,
    modality: Modality = "unknown",
) -> Case:
    """A case from arrays, in any axis order.

    Parameters
    ----------
    labels
        3D label map; checked as a file's would be.
    affine
        4×4, its index → RAS mm.
    names
        As in :func:`open_case`; None names nothing (``label_7``).
    image
        The scan on the same grid.
    modality
        What the scan is.

    Raises
    ------
    CaseError
        If the values can't be labels, or the affine places no volume.
    """
    placed = np.asarray(affine, np.float64)
    notes = check_affine(placed, None, None)
    values, rounded = label_values(labels)
    if values.ndim != 3:
        raise CaseError(f"a label map has 3 axes, not {values.ndim}")
    if not values.size:
        raise CaseError(f"a label map of shape {values.shape} holds no voxel")
    ordered, moved = to_display_order(values, placed)
    picture = None
    if image is not None:
        if np.shape(image) != np.shape(labels):
            raise CaseError(f"the scan's shape {np.shape(image)} isn't the labels' {np.shape(labels)}")
        intensities, gaps = image_values(np.asarray(image))
        picture = to_display_order(intensities, placed)[0]
        notes = (*notes, *gaps)
    table = None if names is None else load_names(names)
    structures = _structures(labels_present(ordered), table)
    reason = "given" if table else "no names were given"
    provenance = Provenance(
        names=table.id if table else "none",
        names_reason=reason,
        modality_reason="given",
        notes=(*notes, *rounded, *_unnamed(structures, table)),
    )
    return Case(ordered, moved, structures, picture, modality, provenance)


def _refuse_scan_as_labels(labels: NDArray[Any], present: list[int], path: Path) -> None:
    """A scan of whole numbers passes for labels by its type; its neighbouring voxels, though, hardly ever agree."""
    if len(present) <= _MANY_LABELS:
        return
    # Some thirty slices of the middle half tell it as well as all of them do.
    first, last = labels.shape[0] // 4, 3 * labels.shape[0] // 4 + 1
    middle = labels[first : last : max(1, (last - first) // 32)]
    one, next_ = middle[:, :, :-1], middle[:, :, 1:]
    both = (one > 0) & (next_ > 0)
    if np.count_nonzero((one != next_) & both) > _MOSTLY * np.count_nonzero(both):
        raise CaseError(
            f"this looks like a scan, not a label map: {len(present)} different values, most of them unlike their neighbours",
            where=path,
            hint="Give the label map first and the scan as the image.",
        )


def _structures(present: list[int], table: NameTable | None) -> tuple[Structure, ...]:
    """The structures of these labels; those without a name keep their number."""
    found = (table.structure(label) if table else None for label in present)
    return tuple(
        known or describe(label, f"label_{label}") for label, known in zip(present, found, strict=True)
    )


def _unnamed(structures: tuple[Structure, ...], table: NameTable | None) -> tuple[str, ...]:
    """A sentence on the labels that the table doesn't know."""
    missing = [s.name for s in structures if table is not None and table.structure(s.label) is None]
    if not missing:
        return ()
    shown = ", ".join(missing[:6]) + (", …" if len(missing) > 6 else "")
    return (
        f"the names table {table.id if table else ''} has no name for {len(missing)} of {len(structures)} labels: {shown}",
    )
