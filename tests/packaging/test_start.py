"""Starting is quick: napari reads a manifest and nothing else of ours, and the command line loads what a command needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "numpy",
    "scipy",
    "SimpleITK",
    "nibabel",
    "skimage",
    "matplotlib",
    "pydantic",
    "napari",
    "qtpy",
    "pandas",
}
HEAVY |= {"torch", "openai"}
TIMES_NAPARIS_OWN = 3
"""What our manifest may cost beside the one that napari reads of itself; it is half of it, on any machine."""


def run(program: str) -> str:
    """What a fresh Python prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def loaded_after(statement: str) -> set[str]:
    """Names of all modules after a statement."""
    return set(run(f"import sys\n{statement}\nprint('\\nMODULES', *sys.modules)").split("MODULES")[1].split())


def test_help_loads_none_of_the_heavy_packages() -> None:
    help_ = "from napari_spatialmed.cli import cli; cli.main(['--help'], standalone_mode=False)"
    assert not HEAVY & loaded_after(help_)


def test_the_package_alone_loads_nothing() -> None:
    loaded = loaded_after("import napari_spatialmed")
    assert {name for name in loaded if name.startswith("napari_spatialmed")} == {"napari_spatialmed"}


def test_naparis_start_reads_the_manifest_and_loads_none_of_our_modules() -> None:
    program = """
import sys, time
from npe2 import PluginManager, PluginManifest
def cost(name):
    started = time.process_time()
    manifest = PluginManifest.from_distribution(name)
    PluginManager().register(manifest)
    assert len(manifest.contributions.commands) > 20
    return time.process_time() - started
pairs = [(cost("napari"), cost("napari-spatialmed")) for _ in range(5)]
print(min(ours for _, ours in pairs) / min(own for own, _ in pairs), *(name for name in sys.modules if name.startswith("napari_spatialmed")))
"""
    times, *ours = run(program).split()
    assert ours == []
    assert float(times) < TIMES_NAPARIS_OWN


@pytest.mark.parametrize("dock", ["propose_dock", "curate_dock", "ask_dock"])
def test_a_dock_that_is_opened_loads_no_client_and_no_plotting(dock: str) -> None:
    loaded = loaded_after(f"import napari_spatialmed.viewer.{dock}")
    assert not {"openai", "matplotlib", "torch", "pandas"} & loaded
