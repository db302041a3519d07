"""A case as napari's layers take it: arrays, colours, names and contrast, worked out off the GUI thread."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray

from napari_spatialmed.case import Case
from napari_spatialmed.case import colors as structure_colors
from napari_spatialmed.viewer.pixels import value_range, windows
from napari_spatialmed.viewer.settings import Palette, first_ct_window, first_palette


class Prepared:
    """What showing a case needs and takes time, worked out off the GUI thread."""

    def __init__(self, case: Case) -> None:
        self.windows = windows(case, first_ct_window())
        self.palette = first_palette()
        self.layers = layer_data(case, self.windows, self.palette)
        """As napari's layer data: the scan, where there is one, and the structures."""
        if case.image is not None:
            scan = self.layers[0][1]
            low, high = value_range(case.image)
            least, most = scan.pop("contrast_limits")
            # In this order: limits must lie in their range.
            scan["contrast_limits_range"] = (min(low, least), max(high, most))
            scan["contrast_limits"] = (least, most)


class LabelColors(DirectLabelColormap):
    """Colours by label.

    For its table of colours napari compiles a lookup with numba, where that is installed, at the first label map of
    every session: seconds, for a table of 256 or 65,536 rows that takes no time to fill.
    """

    def _map_without_cache(self, values: NDArray[Any]) -> NDArray[Any]:
        mapped = np.tile(np.asarray(self.default_color, np.float32), (*values.shape, 1))
        for label, color in self.color_dict.items():
            if label is not None:
                mapped[values == label] = color
        return mapped


def label_colors(
    case: Case, hidden: Collection[int] = (), palette: Palette = "steady"
) -> DirectLabelColormap:
    """Each structure in its own colour; background and hidden labels transparent."""
    colors: dict[int | None, Any] = {None: (0.0, 0.0, 0.0, 0.0), 0: (0.0, 0.0, 0.0, 0.0)}
    shown = structure_colors(case, palette)
    for s in case:
        colors[s.label] = (*(c / 255 for c in shown[s.name]), 0.0 if s.label in hidden else 1.0)
    return LabelColors(color_dict=colors)


def label_names(case: Case) -> dict[str, Any]:
    """The two columns from which napari shows the name under the cursor."""
    return {
        "index": np.array([0, *(s.label for s in case)]),
        "name": np.array(["–", *(s.title for s in case)], dtype=object),
    }


def layer_data(
    case: Case, presets: Mapping[str, tuple[float, float]], palette: Palette
) -> list[tuple[Any, dict[str, Any], str]]:
    """A case as napari's layer data: the scan in the first window preset, where there is one, and the structures."""
    common: dict[str, Any] = {"scale": case.spacing, "units": ("mm",) * 3, "axis_labels": ("I", "P", "L")}
    layers: list[tuple[Any, dict[str, Any], str]] = []
    if case.image is not None:
        limits = next(iter(presets.values()))
        layers.append(
            (case.image, {"name": "Scan", "contrast_limits": limits, "colormap": "gray", **common}, "image")
        )
    structures = {
        "name": "Structures",
        "opacity": 0.45 if case.image is not None else 0.9,
        "blending": "translucent",
        "colormap": label_colors(case, palette=palette),
        "features": label_names(case),
        **common,
    }
    return [*layers, (case.labels, structures, "labels")]
