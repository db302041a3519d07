"""Make the phantom cases of this folder, check them, or make varied ones for trials at scale.

    python sample_data/make_phantoms.py                                   # both phantoms, into this folder
    python sample_data/make_phantoms.py --check                           # are the files here what this script makes?
    python sample_data/make_phantoms.py --variants 200 --seed 1 --out DIR # varied patients, three abdomens to one brain

Needs numpy, scipy and nibabel.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from phantoms.build import Built, phantom_abdomen, phantom_brain, variant  # noqa: E402
from phantoms.write import json_bytes, nifti_bytes, write_folder  # noqa: E402


def save(built: Built, folder: Path) -> None:
    write_folder(folder, built.scan, built.image, built.labels, built.affine, built.documents)


def differences(built: Built, folder: Path) -> list[str]:
    """The files in a folder that aren't what was built (compressed bytes may differ between zlib versions)."""
    wanted = {
        f"{built.scan}.nii.gz": nifti_bytes(built.image, built.affine),
        "labels.nii.gz": nifti_bytes(built.labels, built.affine),
    }
    wanted |= {f"{name}.json": json_bytes(content) for name, content in built.documents.items()}
    found = {}
    for name in wanted:
        path = folder / name
        raw = path.read_bytes() if path.is_file() else b""
        found[name] = gzip.decompress(raw) if name.endswith(".gz") and raw else raw
    return [name for name in wanted if found[name] != wanted[name]]


def save_variant(seed: int, out: Path, number: int) -> None:
    save(variant(seed, number), out / f"variant_{seed}_{number:04d}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=HERE, help="folder to write into (default: this script's)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs")
    parser.add_argument("--variants", type=int, metavar="N", help="make N varied phantoms instead")
    parser.add_argument("--seed", type=int, default=0, help="of the variants")
    parser.add_argument("--workers", type=int, default=2, help="processes that make variants")
    options = parser.parse_args()
    if options.variants is not None:
        one = partial(save_variant, options.seed, options.out)
        with ProcessPoolExecutor(options.workers) as pool:
            list(pool.map(one, range(options.variants)))
        print(f"{options.variants} phantoms in {options.out}")
        return 0
    stale = False
    for name, make in (("phantom_abdomen", phantom_abdomen), ("phantom_brain", phantom_brain)):
        built, folder = make(), options.out / name
        if options.check:
            wrong = differences(built, folder)
            stale |= bool(wrong)
            print(f"{name}: {'differs: ' + ', '.join(wrong) if wrong else 'as made by this script'}")
        else:
            save(built, folder)
            print(f"{name}: {sum(p.stat().st_size for p in folder.iterdir()) / 1e6:.2f} MB in {folder}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
