"""Pictures come from the program, are small, and are used."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"


@pytest.fixture(scope="module")
def screenshots() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshots", DOCS / "screenshots.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["screenshots"] = module
    spec.loader.exec_module(module)
    return module


def test_every_picture_is_one_that_the_script_makes(screenshots: ModuleType) -> None:
    assert {path.name for path in (DOCS / "images").iterdir()} == set(screenshots.PICTURES)


def test_pictures_are_small(screenshots: ModuleType) -> None:
    sizes = {path.name: path.stat().st_size for path in (DOCS / "images").iterdir()}
    assert {name: size for name, size in sizes.items() if size > screenshots.MOST_BYTES_EACH} == {}
    assert sum(sizes.values()) <= screenshots.MOST_BYTES_TOGETHER


def test_every_picture_is_shown_somewhere(screenshots: ModuleType) -> None:
    pages = "\n".join(page.read_text("utf-8") for page in [*DOCS.rglob("*.md"), REPOSITORY / "README.md"])
    assert [name for name in screenshots.PICTURES if f"images/{name}" not in pages] == []
