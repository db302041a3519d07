"""The list of calculators to tick, by what they take."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from napari_spatialmed.geometry import CALCULATORS
from napari_spatialmed.viewer.measuring import DEFAULTS
from napari_spatialmed.viewer.memory import recall, remember

_SCOPES = (
    ("structure", "Of each structure"),
    ("pair", "Of each pair"),
    ("case", "Of the selection as a whole"),
)
_NAME = Qt.ItemDataRole.UserRole


class CalculatorList(QTreeWidget):
    """All registered calculators; what is ticked is remembered."""

    ticked_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderHidden(True)
        self.setAccessibleName("Calculators")
        self.setMinimumHeight(110)
        ticked = set(recall("calculators", list(DEFAULTS)))
        for scope, title in _SCOPES:
            members = sorted((c for c in CALCULATORS.values() if c.scope == scope), key=lambda c: c.title)
            if not members:
                continue
            top = QTreeWidgetItem(self, [title])
            top.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for calculator in members:
                item = QTreeWidgetItem(top, [calculator.title])
                item.setData(0, _NAME, calculator.name)
                item.setToolTip(
                    0, f"{calculator.description} Source: {calculator.reference}".replace("<", "‹")
                )
                item.setCheckState(
                    0, Qt.CheckState.Checked if calculator.name in ticked else Qt.CheckState.Unchecked
                )
            top.setExpanded(True)
        self.itemChanged.connect(self._on_changed)

    def sizeHint(self) -> QSize:
        """Qt: a few lines, so that the results below have room on a low screen."""
        return QSize(super().sizeHint().width(), 9 * self.fontMetrics().lineSpacing())

    def ticked(self) -> list[str]:
        """Names of the ticked calculators, in the order listed."""
        return [i.data(0, _NAME) for i in self._items() if i.checkState(0) == Qt.CheckState.Checked]

    def tick(self, names: list[str]) -> None:
        """Tick these and only these."""
        for item in self._items():
            wanted = item.data(0, _NAME) in names
            item.setCheckState(0, Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)

    def _items(self) -> list[QTreeWidgetItem]:
        tops = [self.topLevelItem(n) for n in range(self.topLevelItemCount())]
        return [top.child(k) for top in tops for k in range(top.childCount())]

    def _on_changed(self) -> None:
        remember("calculators", self.ticked())
        self.ticked_changed.emit()
