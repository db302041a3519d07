"""A small labelled scan, and the command as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np

from napari_spatialmed import benchmark
from napari_spatialmed.cli import main

Box = tuple[tuple[int, int], ...]
BOXES: dict[str, Box] = {
    "liver": ((22, 50), (20, 60), (30, 60)),
    "spleen": ((4, 14), (14, 30), (40, 60)),
    "kidney_right": ((26, 38), (8, 18), (12, 28)),
    "kidney_left": ((4, 14), (6, 13), (16, 37)),
    "aorta": ((15, 19), (16, 22), (4, 70)),
    "pancreas": ((8, 21), (26, 36), (30, 38)),
    "gallbladder": ((30, 38), (61, 69), (22, 30)),
    "stomach": ((3, 20), (38, 58), (40, 64)),
}


def write_case(folder: Path, voxel: float = 4.0, boxes: dict[str, Box] | None = None) -> Path:
    """A small labelled scan with its names; `boxes` replaces some structures' places."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.zeros((54, 72, 74), np.uint8)
    for label, box in enumerate((BOXES | (boxes or {})).values(), start=1):
        labels[tuple(slice(*bounds) for bounds in box)] = label
    # stored left to right: the first axis of the boxes grows to the right, which RAS+ calls positive
    nib.save(nib.Nifti1Image(labels, np.diag([voxel, voxel, voxel, 1.0])), folder / "labels.nii.gz")
    (folder / "names.json").write_text(json.dumps({str(i): name for i, name in enumerate(BOXES, start=1)}))
    return folder / "labels.nii.gz"


def spatialmed(*arguments: object) -> int:
    """Run the command in this process; returns its exit code."""
    try:
        main([str(a) for a in arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def state(path: Path) -> benchmark.State:
    return benchmark.open(path, actor="reader").state
