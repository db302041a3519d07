"""What can be said of a case's files before they are opened: a few kilobytes of each are read.

For lists of many cases.  What is refused here would be refused by :func:`open_case`; what passes may still be.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_spatialmed.case.dicom import looks_like_dicom
from napari_spatialmed.case.discover import CaseFiles
from napari_spatialmed.case.header import Header
from napari_spatialmed.case.masks import mask_files
from napari_spatialmed.case.modality import guess_modality
from napari_spatialmed.case.model import CaseError, Modality
from napari_spatialmed.case.volume import VOLUME_NAME, read_header


@dataclass(frozen=True)
class Glance:
    """What the headers say.

    Attributes
    ----------
    modality
        As the scan's file or its name says.
    shape
        Voxels of the label map along the file's axes; of its first mask where it is a folder of masks.
    """

    modality: Modality
    shape: tuple[int, ...]


def glance(files: CaseFiles) -> Glance:
    """Look at the headers of a case's files.

    Raises
    ------
    CaseError
        If a file is missing, or its header can't be that of a volume in a patient.
    """
    labels, image = _header(files.labels), None if files.image is None else _header(files.image)
    modality, _ = guess_modality(None, image, files.image or files.labels, None)
    return Glance(modality, () if labels is None else labels.shape)


def _header(path: Path) -> Header | None:
    """The header of a volume; None of a DICOM series, which has one in every slice."""
    if not path.exists():
        raise CaseError("no such file", where=path, hint="Check the path and its spelling.")
    if path.is_dir():
        masks = mask_files(path)
        return read_header(masks[0]) if masks else None
    if not VOLUME_NAME.search(path.name) and looks_like_dicom(path):
        return None
    return read_header(path)
