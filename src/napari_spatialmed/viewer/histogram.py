"""How bright the selected structures are: one histogram each, over the scan's own values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.viewer.busy import BusyBar
from napari_spatialmed.viewer.messages import PlainLabel, shown
from napari_spatialmed.viewer.session import Session
from napari_spatialmed.viewer.work import Job, Work

BINS = 60
MOST = 6
_HINT = "Select structures to see how bright they are in the scan."


@dataclass(frozen=True)
class Curve:
    """One structure's histogram, in shares of its voxels."""

    title: str
    color: tuple[int, int, int]
    shares: NDArray[np.float64]
    mean: float
    spread: float


@dataclass(frozen=True)
class Curves:
    """Histograms over one range of values."""

    low: float
    high: float
    unit: str
    curves: tuple[Curve, ...]


class HistogramPlot(QWidget):
    """Draws the curves with an axis and a legend, in the theme's own colours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves: Curves | None = None
        self.setMinimumHeight(140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Histogram of intensities")

    def show_curves(self, curves: Curves | None) -> None:
        """Replace what is drawn."""
        self.curves = curves
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt."""
        found = self.curves
        if found is None or not found.curves:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().windowText().color()
        line = painter.fontMetrics().height()
        area = QRectF(6, line * (len(found.curves) + 0.5), self.width() - 12, 0)
        area.setBottom(self.height() - line * 1.6)
        painter.setPen(QPen(ink, 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        top = max(float(c.shares.max()) for c in found.curves) or 1.0
        for n, curve in enumerate(found.curves):
            self._draw_curve(painter, area, curve, top)
            y = line * (n + 0.1)
            painter.fillRect(QRectF(6, y + line * 0.2, line * 0.6, line * 0.6), QColor(*curve.color))
            painter.setPen(ink)
            text = f"{shown(curve.title)[:40]}: {curve.mean:,.0f} ± {curve.spread:,.0f} {found.unit}"
            painter.drawText(QRectF(6 + line, y, self.width(), line), int(Qt.AlignmentFlag.AlignLeft), text)
        for share in (0.0, 0.5, 1.0):
            value = found.low + share * (found.high - found.low)
            x = area.left() + share * area.width()
            box = QRectF(x - 60 * share * 2, area.bottom() + 2, 120, line)
            flags = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
            painter.drawText(box, int(flags[int(share * 2)]), f"{value:,.0f} {found.unit}".strip())
        painter.end()

    @staticmethod
    def _draw_curve(painter: QPainter, area: QRectF, curve: Curve, top: float) -> None:
        xs = np.linspace(area.left(), area.right(), len(curve.shares))
        ys = area.bottom() - curve.shares / top * area.height()
        points = [QPointF(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
        color = QColor(*curve.color)
        faint = QColor(color)
        faint.setAlpha(40)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faint)
        painter.drawPolygon(QPolygonF([area.bottomLeft(), *points, area.bottomRight()]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, 2))
        painter.drawPolyline(QPolygonF(points))


class HistogramPanel(QWidget):
    """The histograms of the session's selection."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.work = Work(self)
        self.work.returned.connect(self._show)
        self.hint = PlainLabel(_HINT, self, quiet=True)
        self.plot = HistogramPlot(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.hint)
        layout.addWidget(self.plot, 1)
        layout.addWidget(BusyBar(self.work, self))
        session.selection_changed.connect(self._on_change)
        session.labels_edited.connect(self._on_change)

    def showEvent(self, event: object) -> None:
        """Count only once it is looked at."""
        self._on_change()

    def _on_change(self) -> None:
        if not self.isVisible():
            return
        geometry, names = self._session.geometry, self._session.selection
        if geometry is None or geometry.case.image is None or not names:
            self.work.cancel()
            no_scan = geometry is not None and geometry.case.image is None
            self.hint.setText("This label map has no scan." if no_scan else _HINT)
            self.plot.show_curves(None)
            return
        more = f" The first {MOST} of {len(names)} selected." if len(names) > MOST else ""
        self.hint.setText(
            f"Share of each structure's voxels by intensity; mean ± standard deviation. Few voxels lie outside the range.{more}"
        )
        self.work.run("Counting intensities", histograms, geometry, names[:MOST])

    def _show(self, curves: Curves) -> None:
        self.plot.show_curves(curves)


def histograms(job: Job, geometry: CaseGeometry, names: tuple[str, ...]) -> Curves:
    """Histograms of some structures over the range that holds most of each."""
    case, survey = geometry.case, geometry.survey
    values: dict[str, NDArray[Any]] = {}
    for name in names:
        job.check()
        label = case[name].label
        if label in survey and case.image is not None:
            row = survey.row(label)
            box = tuple(
                slice(int(a), int(b) + 1)
                for a, b in zip(survey.index_min[row], survey.index_max[row], strict=True)
            )
            values[name] = case.image[box][case.labels[box] == label].astype(np.float64)
    if not values:
        return Curves(0.0, 1.0, "", ())
    ranges = [_bulk(found) for found in values.values()]
    low, high = min(a for a, _ in ranges), max(b for _, b in ranges)
    high = high if high > low else low + 1.0
    bins = BINS
    if case.image is not None and case.image.dtype.kind in "ui":
        # Bins of as many whole values each: otherwise every other bin would hold one more, and curves look like saws.
        low = float(np.floor(low)) - 0.5
        step = max(1, round((high - low) / BINS))
        bins = int(np.ceil((high + 0.5 - low) / step))
        high = low + bins * step
    curves = []
    for name, found in values.items():
        counts, _ = np.histogram(found, bins=bins, range=(low, high))
        title = case[name].title
        curves.append(
            Curve(title, case[name].color, counts / found.size, float(found.mean()), float(found.std()))
        )
    return Curves(low, high, "HU" if case.modality == "CT" else "", tuple(curves))


def _bulk(values: NDArray[np.float64]) -> tuple[float, float]:
    """Where most of a structure's values lie: a little gas in the stomach doesn't press all curves into a corner."""
    least, low, high, most = (float(v) for v in np.percentile(values, [0.5, 25, 75, 99.5]))
    reach = 3.0 * (high - low)
    return max(least, low - reach), min(most, high + reach)
