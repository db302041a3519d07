"""The report's figures as SVG text: the same bytes for the same numbers, readable in print."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_spatialmed.evaluation.report.tables import Strata
from napari_spatialmed.evaluation.statistics import SMALLEST_STRATUM

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1f2933"
BAR = "#2f6f9f"
_STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.edgecolor": "#9aa5b1", "axes.labelcolor": INK, "text.color": INK,
    "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "svg.hashsalt": "spatialmed", "svg.fonttype": "path",
}  # fmt: skip
_LINES = (
    "#2f6f9f",
    "#c8553d",
    "#3f8f5b",
    "#8a5fb0",
    "#c29a2b",
    "#3aa6a6",
    "#b0486f",
    "#6b7a1e",
    "#6a6f7a",
    "#d17f2e",
)


def heat_map(strata: Strata, models: Sequence[str], *, most: int = 40) -> str:
    """Structures × models, so that the names read level however many there are; those with too few items are grey."""
    names, n = strata.names[:most], strata.n[:most]
    if not names:
        return ""
    values = strata.scores[:, :most].T
    with _figure((min(7.4, 3.0 + 0.55 * len(models)), 1.4 + 0.2 * len(names))) as figure:
        axes = figure.subplots()
        picture = axes.imshow(values, cmap="YlGnBu", vmin=0, vmax=1, aspect="auto")
        axes.xaxis.tick_top()
        axes.set_xticks(range(len(models)), models, rotation=40, ha="left", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), [f"{s} ({k})" for s, k in zip(names, n, strict=True)])
        axes.tick_params(length=0)
        for row, count in enumerate(n):
            for column in range(len(models)):
                share = values[row, column]
                color = "white" if share > 0.6 else INK
                axes.text(
                    column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=8, color=color
                )
            if count < SMALLEST_STRATUM:
                axes.get_yticklabels()[row].set_color("#7b8794")
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(picture, ax=axes, shrink=min(1.0, 8 / len(names)), anchor=(0, 1), pad=0.02)
        bar.set_ticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100"])
        bar.outline.set_visible(False)
        return _svg(figure)


def radar(strata: Strata, models: Sequence[str]) -> str:
    """Scores by tumour type; bars where there are fewer than three types."""
    if not strata.names:
        return ""
    if len(strata.names) < 3:
        return bars(strata, models)
    angles = np.linspace(0, 2 * np.pi, len(strata.names), endpoint=False)
    with _figure((6.4, 4.2)) as figure:
        axes: Any = figure.add_subplot(projection="polar")
        for i, name in enumerate(models):
            row = np.append(strata.scores[i], strata.scores[i][0])
            axes.plot(
                np.append(angles, angles[0]),
                row,
                color=_LINES[i % len(_LINES)],
                ls=("-", "--", ":")[i // len(_LINES) % 3],
                lw=1.4,
                label=name,
            )
        axes.set_xticks(angles, [f"{s}\n(n {k})" for s, k in zip(strata.names, strata.n, strict=True)])
        axes.tick_params(axis="x", pad=4)
        for angle, label in zip(angles, axes.get_xticklabels(), strict=True):
            sideways = np.cos(angle)
            label.set_horizontalalignment(
                "center" if abs(sideways) < 0.3 else "left" if sideways > 0 else "right"
            )
        axes.set_ylim(0, 1)
        axes.set_yticks([0.25, 0.5, 0.75, 1.0], ["25", "50", "75", "100"], fontsize=7)
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
        return _svg(figure)


def bars(strata: Strata, models: Sequence[str], *, label: str = "score") -> str:
    """Groups of bars: a group for each stratum, a bar for each model."""
    if not strata.names:
        return ""
    width = 0.8 / max(1, len(models))
    with _figure((4.8, 3.0 + 0.16 * ((len(models) + 1) // 2))) as figure:
        axes = figure.subplots()
        for i, name in enumerate(models):
            axes.bar(
                np.arange(len(strata.names)) + i * width,
                strata.scores[i],
                width * 0.92,
                label=name,
                color=_LINES[i % len(_LINES)],
            )
        axes.set_xticks(
            np.arange(len(strata.names)) + 0.4 - width / 2,
            [f"{s}\nn {k}" for s, k in zip(strata.names, strata.n, strict=True)],
        )
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
        axes.set_ylabel(label)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return _svg(figure)


def confusion(title: str, rows: Sequence[str], columns: Sequence[str], counts: NDArray[np.int64]) -> str:
    """Counts of true against answered words."""
    with _figure((4.4, 3.4)) as figure:
        axes = figure.subplots()
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(rows)), rows)
        for r in range(len(rows)):
            for c in range(len(columns)):
                if counts[r, c]:
                    axes.text(
                        c,
                        r,
                        str(counts[r, c]),
                        ha="center",
                        va="center",
                        fontsize=8,
                        color="white" if share[r, c] > 0.6 else INK,
                    )
        axes.set_xlabel("answered")
        axes.set_ylabel("true")
        axes.set_title(title, fontsize=9)
        axes.spines[:].set_visible(False)
        return _svg(figure)


def donut(counts: Sequence[tuple[str, int]], *, most: int = 14) -> str:
    """The benchmark's structures."""
    if not counts:
        return ""
    shown = list(counts[:most])
    rest = sum(n for _, n in counts[most:])
    if rest:
        shown.append((f"{len(counts) - most} others", rest))
    with _figure((5.2, 3.2)) as figure:
        from matplotlib import colormaps

        axes = figure.subplots()
        colors = colormaps["tab20"](np.arange(len(shown)) % 20)
        wedges = axes.pie(
            [n for _, n in shown],
            colors=colors,
            startangle=90,
            counterclock=False,
            wedgeprops={"width": 0.42, "edgecolor": "white"},
        )[0]
        figure.legend(
            wedges,
            [f"{name} ({n})" for name, n in shown],
            loc="outside right center",
            frameon=False,
            fontsize=8,
        )
        return _svg(figure)


def histogram(counts: Sequence[tuple[str, int]], label: str) -> str:
    """Bars of counts in doublings."""
    if not counts:
        return ""
    with _figure((5.2, 2.8)) as figure:
        axes = figure.subplots()
        axes.bar(range(len(counts)), [n for _, n in counts], color=BAR)
        axes.set_xticks(
            range(len(counts)), [name for name, _ in counts], rotation=45, ha="right", rotation_mode="anchor"
        )
        axes.set_xlabel(label)
        axes.set_ylabel("items")
        return _svg(figure)


@contextmanager
def _figure(size: tuple[float, float]) -> Iterator[Figure]:
    """An empty figure in the report's style, `size` in inches."""
    # matplotlib takes a fifth of a second to load, which a window that opens with a Report dock needn't wait for.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        yield Figure(figsize=size, layout="constrained")


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", bbox_inches="tight", pad_inches=0.05, metadata={"Date": None, "Creator": None}
    )
    text = buffer.getvalue()
    return _without_spaces(text[text.index("<svg") :])


def _without_spaces(svg: str) -> str:
    """Without the glyph of the space, which has no outline: Qt's reader complains of every use."""
    for glyph in re.findall(r'<path id="([^"]+)" transform="[^"]*"/>', svg):
        svg = re.sub(rf'\s*<(use xlink:href="#{glyph}"|path id="{glyph}")[^>]*/>', "", svg)
    return svg
