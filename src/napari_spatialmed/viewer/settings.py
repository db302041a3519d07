"""The plugin's page in napari's preferences: what a case looks like when it opens.  Plain YAML, so never a key."""

from __future__ import annotations

from typing import Literal, cast

from napari.settings import get_plugin_settings

_PLUGIN = "napari-spatialmed"
Palette = Literal["steady", "safe"]


def first_ct_window() -> str:
    """Name of the window preset that a CT opens in, or :data:`~napari_spatialmed.viewer.pixels.BY_STRUCTURES`."""
    return str(get_plugin_settings(_PLUGIN).looks.ct_window)


def wheel_moves_slices() -> bool:
    """Whether the mouse wheel goes through the slices of a case in 2D, and doesn't zoom."""
    return bool(get_plugin_settings(_PLUGIN).looks.wheel == "slices")


def first_palette() -> Palette:
    """Which colours structures have when a case opens."""
    return cast("Palette", get_plugin_settings(_PLUGIN).looks.palette)
