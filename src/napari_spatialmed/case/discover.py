"""Find labelled scans in a folder, as public data sets lay them out.

Known: MSD and nnU-Net (``imagesTr`` / ``labelsTr``), TotalSegmentator (``ct.nii.gz`` + ``segmentations/``), KiTS
(``imaging`` + ``segmentation``), BraTS (``*_seg`` + modalities), and any folder with one label map and one scan.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from napari_spatialmed.case.dicom import looks_like_dicom
from napari_spatialmed.case.model import CaseError
from napari_spatialmed.case.volume import VOLUME_NAME

_LABEL_WORDS = {
    "seg", "segs", "segmentation", "segmentations", "label", "labels", "labelmap", "mask", "masks", "msk", "gt", "lm",
    "aseg", "aparc", "atlas", "gtv", "annotation", "roi", "dseg", "segm", "annot", "parc",
}  # fmt: skip
_IMAGE_WORDS = {
    "ct", "mr", "mri", "image", "img", "imaging", "scan", "t1", "t2", "t1w", "t2w", "flair", "t1c", "t1ce", "t1gd", "t1n", "t2f",
    "pet", "volume", "brain", "head", "orig",
}  # fmt: skip
# Where a case has several scans, this is the one to look at.
_PREFERRED = ("ct", "t1c", "t1ce", "t1gd", "flair", "t2f", "t1", "t1w", "t1n", "t2", "t2w", "mr", "mri")
_WORD = re.compile("[a-z0-9]+")
_IMAGE_FOLDERS = {"imagestr": "labelstr", "imagests": "labelsts", "imagesva": "labelsva", "images": "labels"}
_NAMES_FILES = ("names.json", "labels.json", "names.csv", "labels.csv", "dataset.json")


@dataclass(frozen=True)
class CaseFiles:
    """The files of one case, as :func:`open_case` takes them.

    Attributes
    ----------
    labels
        A label map, or a folder of masks.
    image
        The scan, or None.
    names
        A names file that lies with them, or None: then ``open_case`` guesses.
    key
        Where it lies below the folder searched; for people, never written to a benchmark.
    """

    labels: Path
    image: Path | None = None
    names: str | None = None
    key: str = ""


Told = Callable[[Path, int], None]
"""Given the folder that is searched now, and how many folders were before it; raises to stop."""


def discover(where: Path | str, progress: Told | None = None) -> list[CaseFiles]:
    """Every case in a folder, or among the files and folders a pattern matches.

    Parameters
    ----------
    where
        A folder, a label map, or a pattern such as ``data/*/seg.nii.gz``.
    progress
        Called at every folder; what it raises ends the search.

    Returns
    -------
    list of CaseFiles
        In the order of their keys.

    Raises
    ------
    CaseError
        If nothing lies there, or the folder can't be read; folders below it that can't are passed over.
    """
    where = Path(where)
    search = _Search(progress)
    if where.is_dir():
        if not os.access(where, os.R_OK | os.X_OK):
            raise CaseError("the folder can't be read", where=where, hint="Check its permissions.")
        found = search.below(where, where)
    else:
        matched = [Path(p) for p in sorted(glob.glob(str(where), recursive=True))]
        if not matched:
            raise CaseError(
                "no such folder, and nothing matches it as a pattern",
                where=where,
                hint="Check the path and its spelling.",
            )
        folders = [p for p in matched if p.is_dir()]
        files = [p for p in matched if p.is_file() and VOLUME_NAME.search(p.name)]
        found = [c for p in folders for c in search.below(p, p.parent)] + [
            _of_labels(p, p.parent) for p in files
        ]
    if not found:
        raise CaseError(
            "no label map was found here",
            where=where,
            hint="Label maps are recognised by words such as seg, label or mask in their names, or by folders called labelsTr.",
        )
    unique = {(c.labels, c.image): c for c in found}
    return sorted(
        unique.values(), key=lambda c: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", c.key)]
    )


class _Search:
    """One walk through folders."""

    def __init__(self, progress: Told | None = None) -> None:
        self._progress = progress
        self._seen: set[Path] = set()

    def below(self, folder: Path, root: Path) -> list[CaseFiles]:
        """The cases of a folder and of those below it; nothing where it can't be read, or was already by way of a link."""
        real = folder.resolve()
        if real in self._seen or not os.access(folder, os.R_OK | os.X_OK):
            return []
        if self._progress is not None:
            self._progress(folder, len(self._seen))
        self._seen.add(real)
        return _in_folder(folder, root, self.below)


def _in_folder(folder: Path, root: Path, below: Callable[[Path, Path], list[CaseFiles]]) -> list[CaseFiles]:
    """The cases of a folder; `below` searches those inside."""
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    # A link into a folder that isn't for this person is no folder; `Path.is_dir` would raise.
    folders = [p for p in entries if os.path.isdir(p)]
    volumes = [p for p in entries if VOLUME_NAME.search(p.name) and p not in folders]
    named = {p.name.casefold(): p for p in folders}
    masks = named.get("segmentations")
    if masks is not None and any(VOLUME_NAME.search(p.name) for p in _readable(masks)):
        return [CaseFiles(masks, _best(volumes), None, _key(folder, root))]
    paired = {images: labels for images, labels in _IMAGE_FOLDERS.items() if labels in named}
    found: list[CaseFiles] = []
    for images, labels in paired.items():
        found += _parallel(named[labels], named.get(images), folder, root)
    rest = [p for p in folders if p.name.casefold() not in {*paired, *paired.values()}]
    beside = _side_by_side(volumes, folder, root)
    if len(beside) == 1 and beside[0].image is None:
        series = [p for p in rest if _holds_dicom(p)]
        beside = [replace(beside[0], image=series[0] if len(series) == 1 else None)]
    found += beside
    for path in rest:
        found += below(path, root)
    return found


def _readable(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where it can't be read."""
    return sorted(folder.iterdir()) if os.access(folder, os.R_OK | os.X_OK) else []


def _holds_dicom(folder: Path) -> bool:
    """Whether a folder begins with a slice of a DICOM series."""
    first = next((p for p in _readable(folder) if p.is_file() and not p.name.startswith(".")), None)
    return first is not None and looks_like_dicom(first)


def _parallel(labels: Path, images: Path | None, folder: Path, root: Path) -> list[CaseFiles]:
    """Two folders with files of the same names; nnU-Net adds the channel (``_0000``) to the scan's."""
    scans = {} if images is None else {_stem(p): p for p in _readable(images) if VOLUME_NAME.search(p.name)}
    names = _names_in(folder)
    found = []
    for path in _readable(labels):
        if VOLUME_NAME.search(path.name) and not path.name.startswith("."):
            stem = _stem(path)
            scan = next(
                (
                    scans[s]
                    for s in (
                        stem,
                        f"{stem}_0000",
                        stem.replace("label", "image"),
                        stem.replace("seg", "image"),
                    )
                    if s in scans
                ),
                None,
            )
            found.append(CaseFiles(path, scan, names, _key(path, root)))
    return found


def _side_by_side(files: list[Path], folder: Path, root: Path) -> list[CaseFiles]:
    """Label maps and scans in one folder: each label map with the scan whose name has most in common."""
    files = [f for f in files if not f.name.casefold().endswith((".img", ".img.gz"))]
    maps = [f for f in files if named_like_labels(f)]
    scans = [f for f in files if f not in maps]
    found = []
    for path in maps:
        rest = _words(path) - _LABEL_WORDS
        if len(maps) > 1:
            shared = [s for s in scans if _words(s) & rest] or (scans if len(scans) == 1 else [])
        else:
            shared = scans
        # With several cases in one folder, a scan belongs where the words beyond "ct", "t2", … agree best.
        best = max((len(_words(s) & rest) for s in shared), default=0)
        scan = _best([s for s in shared if len(_words(s) & rest) == best])
        own = [folder / f"{_stem(path)}{ending}" for ending in (".json", ".csv", ".label", ".ctbl")]
        beside = next((str(p) for p in own if p.is_file()), None)
        key = _key(path if len(maps) > 1 or folder == root else folder, root)
        found.append(CaseFiles(path, scan, beside or (_names_in(folder) if len(maps) == 1 else None), key))
    return found


def _of_labels(path: Path, root: Path) -> CaseFiles:
    """One label map, with the scan that a look at its folder gives it."""
    known = [c for c in _in_folder_flat(path.parent, root) if c.labels == path]
    return known[0] if known else CaseFiles(path, None, None, _key(path, root))


def _in_folder_flat(folder: Path, root: Path) -> list[CaseFiles]:
    if folder.name.casefold() in _IMAGE_FOLDERS.values():
        return [c for c in _Search().below(folder.parent, root) if c.labels.parent == folder]
    return _side_by_side(
        [p for p in sorted(folder.iterdir()) if p.is_file() and VOLUME_NAME.search(p.name)], folder, root
    )


def _best(scans: list[Path]) -> Path | None:
    """The scan to look at, where there are several."""
    named = [s for s in scans if _words(s) & _IMAGE_WORDS] or scans
    return min(
        named,
        key=lambda s: next((n for n, w in enumerate(_PREFERRED) if w in _words(s)), len(_PREFERRED)),
        default=None,
    )


def _names_in(folder: Path) -> str | None:
    return next((str(folder / n) for n in _NAMES_FILES if (folder / n).is_file()), None)


def named_like_labels(path: Path) -> bool:
    """Whether a file's name says that it is a label map.

    In BIDS names (``sub-01_label-L2_ct``) keys with values say what was labelled or scanned, not what the file is.
    """
    stem = _stem(path).casefold()
    if stem.startswith("sub-"):
        stem = "_".join(part for part in stem.split("_") if "-" not in part) or stem
    # Also as in seg2 or seg4d.
    return bool({*_WORD.findall(stem), *re.findall(r"(?<![a-z0-9])[a-z]+", stem)} & _LABEL_WORDS)


def _stem(path: Path) -> str:
    return VOLUME_NAME.sub("", path.name)


def _words(path: Path) -> set[str]:
    return set(_WORD.findall(_stem(path).casefold()))


def _key(path: Path, root: Path) -> str:
    relative = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
    return VOLUME_NAME.sub("", relative.as_posix()) or path.name
