"""Find labelled scans in a folder, as public data sets lay them out.

Known: MSD and nnU-Net (``imagesTr`` / ``labelsTr``), TotalSegmentator (``ct.nii.gz`` + ``segmentations/``), KiTS
(``imaging`` + ``segmentation``), BraTS (``*_seg`` + modalities), and any folder with one label map and one scan.
"""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path

from napari_spatialmed.case.model import CaseError
from napari_spatialmed.case.volume import VOLUME_NAME

_LABEL_WORDS = {
    "seg", "segs", "segmentation", "segmentations", "label", "labels", "labelmap", "mask", "masks", "msk", "gt", "lm",
    "aseg", "aparc", "atlas", "gtv", "annotation", "roi",
}  # fmt: skip
_IMAGE_WORDS = {
    "ct", "mr", "mri", "image", "img", "imaging", "scan", "t1", "t2", "t1w", "t2w", "flair", "t1c", "t1ce", "t1gd", "t1n", "t2f",
    "pet", "volume", "brain", "head", "orig",
}  # fmt: skip
# Where a case has several scans, this is the one to look at.
_PREFERRED = ("ct", "t1c", "t1ce", "t1gd", "flair", "t2f", "t1", "t1w", "t1n", "t2", "t2w", "mr", "mri")
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


def discover(where: Path | str) -> list[CaseFiles]:
    """Every case in a folder, or among the files and folders a pattern matches.

    Parameters
    ----------
    where
        A folder, a label map, or a pattern such as ``data/*/seg.nii.gz``.

    Returns
    -------
    list of CaseFiles
        In the order of their keys.

    Raises
    ------
    CaseError
        If nothing lies there.
    """
    where = Path(where)
    if where.is_dir():
        found = _in_folder(where, where)
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
        found = [c for p in folders for c in _in_folder(p, p.parent)] + [
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


def _in_folder(folder: Path, root: Path) -> list[CaseFiles]:
    """The cases of a folder and of those below it."""
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    inner = {p.name.casefold(): p for p in entries if p.is_dir()}
    paired = {images: labels for images, labels in _IMAGE_FOLDERS.items() if labels in inner}
    found: list[CaseFiles] = []
    for images, labels in paired.items():
        found += _parallel(inner[labels], inner.get(images), folder, root)
    if "segmentations" in inner and any(VOLUME_NAME.search(p.name) for p in inner["segmentations"].iterdir()):
        scans = [p for p in entries if p.is_file() and VOLUME_NAME.search(p.name)]
        return [CaseFiles(inner["segmentations"], _best(scans), None, _key(folder, root))]
    used = {*paired, *paired.values()}
    found += _side_by_side([p for p in entries if p.is_file() and VOLUME_NAME.search(p.name)], folder, root)
    for name, path in inner.items():
        if name not in used:
            found += _in_folder(path, root)
    return found


def _parallel(labels: Path, images: Path | None, folder: Path, root: Path) -> list[CaseFiles]:
    """Two folders with files of the same names; nnU-Net adds the channel (``_0000``) to the scan's."""
    scans = (
        {}
        if images is None
        else {_stem(p): p for p in sorted(images.iterdir()) if VOLUME_NAME.search(p.name)}
    )
    names = _names_in(folder)
    found = []
    for path in sorted(labels.iterdir()):
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
    maps = [f for f in files if _words(f) & _LABEL_WORDS]
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
        return [c for c in _in_folder(folder.parent, root) if c.labels.parent == folder]
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


def _stem(path: Path) -> str:
    return VOLUME_NAME.sub("", path.name)


def _words(path: Path) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", _stem(path).casefold()))


def _key(path: Path, root: Path) -> str:
    relative = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
    return VOLUME_NAME.sub("", relative.as_posix()) or path.name
