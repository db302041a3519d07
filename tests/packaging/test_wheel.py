"""The wheel holds all that the program needs, and a new environment finds the plugin."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(REPOSITORY)]
    done = subprocess.run(build, capture_output=True, encoding="utf-8", check=False)
    if done.returncode and "No matching distribution" in done.stdout + done.stderr:
        pytest.skip("the build backend can't be fetched here (offline)")
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


def test_wheel_holds_the_manifest_and_every_data_file(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = REPOSITORY / "src"
    data = {
        path.relative_to(source).as_posix()
        for path in (source / "napari_spatialmed").rglob("*")
        if path.is_file() and path.suffix not in {".pyc"} and "__pycache__" not in path.parts
    }
    assert "napari_spatialmed/napari.yaml" in data
    assert data <= inside, f"not in the wheel: {sorted(data - inside)[:10]}"
    for phantom in ("phantom_abdomen", "phantom_brain"):
        assert f"napari_spatialmed/sample_data/{phantom}/labels.nii.gz" in inside
    assert not [name for name in inside if name.startswith(("tests/", "docs/"))]


@pytest.mark.alone
def test_a_new_environment_lists_the_plugin(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "new"
    venv.create(place, with_pip=True)
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "npe2"], capture_output=True, check=False).returncode:
        pytest.skip("npe2 can't be fetched here (offline)")
    # The manifest must be found without any of the program's own dependencies: napari reads it before importing anything.
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, capture_output=True)
    listed = subprocess.run(
        [str(python), "-m", "npe2", "list"], capture_output=True, encoding="utf-8", check=True
    )
    assert "napari-spatialmed" in listed.stdout
    valid = subprocess.run(
        [str(python), "-m", "npe2", "validate", "napari-spatialmed"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert valid.returncode == 0, valid.stdout + valid.stderr
