"""The upper part of the Propose dock: which tasks, how many questions, and who the team is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.llm import Endpoint, endpoints
from napari_spatialmed.questions import FORMS, PAPER_TASKS, Task
from napari_spatialmed.viewer.local_model import LOCAL, local_endpoint
from napari_spatialmed.viewer.messages import PlainLabel, menu_text

OFFLINE = "Offline: anatomy and rules, no model"
ABOUT: dict[Task, str] = {
    "DIR": "in which direction one structure lies from another",
    "DIST": "how far structures are apart",
    "EXT": "how long a structure is along the patient's axes",
    "VOL": "in which range a volume lies",
    "COMP": "which of several is larger, nearer, longer",
    "VOLEST": "a volume as a number, without options",
    "COUNT": "how many there are",
    "CONT": "what touches, surrounds or contains what",
    "MARG": "how near a lesion comes to a vessel",
    "SHAPE": "how round, long or flat a structure is",
}
"""What a task's questions ask, for those who don't know its short name."""
OFFLINE_PANEL = ("Offline 1", "Offline 2", "Offline 3")


class TeamFormError(SpatialMedError):
    """What was chosen doesn't make a team."""


@dataclass(frozen=True)
class TeamRequest:
    """What the team is asked for.  `per_structure` None lets the team choose."""

    tasks: tuple[Task, ...]
    count: int
    seed: int
    per_structure: int | None
    generator: Endpoint | None
    judge: Endpoint | None
    readers: tuple[Endpoint, ...]
    panel_rule: str


_TASKS_BESIDE = 3
"""Four, or three readers of the panel, would make every dock on the right a fifth wider at a large font, and the picture narrower."""


class TeamForm(QWidget):
    """Reads out as a :class:`TeamRequest`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.task_boxes: dict[Task, QCheckBox] = {}
        tasks_grid = QGridLayout()
        for n, task in enumerate(get_args(Task)):
            box = QCheckBox(task)
            box.setChecked(task in PAPER_TASKS)
            box.setEnabled(any(form.task == task for form in FORMS.values()))
            whose = (
                "One of SpatialMed's six tasks" if task in PAPER_TASKS else "Ours; kept apart in every table"
            )
            box.setToolTip(f"{task}: {ABOUT[task]}. {whose}.")
            self.task_boxes[task] = box
            tasks_grid.addWidget(box, n // _TASKS_BESIDE, n % _TASKS_BESIDE)
        self.count_box, self.seed_box, self.quota_box = QSpinBox(), QSpinBox(), QSpinBox()
        self.count_box.setRange(1, 500)
        self.count_box.setValue(12)
        self.count_box.setAccessibleName("How many questions")
        self.seed_box.setRange(0, 999_999)
        self.seed_box.setAccessibleName("Seed")
        self.seed_box.setToolTip("Offline, the same case and seed give the same questions.")
        self.quota_box.setRange(0, 100)
        self.quota_box.setSpecialValueText("auto")
        self.quota_box.setAccessibleName("Most questions that name one structure")
        self.quota_box.setToolTip(
            "Most accepted questions that name the same structure; auto: a third of all, at least 3."
        )
        self.generator_box, self.judge_box = QComboBox(), QComboBox()
        self.panel_boxes = (QComboBox(), QComboBox(), QComboBox())
        self.rule_box = QComboBox()
        self.rule_box.addItem("under three option orders", "majority")
        self.rule_box.addItem("once, as in the paper", "paper")
        for choice, name in (
            (self.generator_box, "Generator"),
            (self.judge_box, "Judge"),
            *((box, f"Blind reader {n}") for n, box in enumerate(self.panel_boxes, 1)),
            (self.rule_box, "How the panel is asked"),
        ):
            choice.setAccessibleName(name)
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.setMinimumContentsLength(4)  # two stand beside one another
            choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        numbers, readers = QHBoxLayout(), QGridLayout()
        for widget in (
            self.count_box,
            PlainLabel("Seed"),
            self.seed_box,
        ):
            numbers.addWidget(widget)
        numbers.addStretch(1)
        for n, reader in enumerate(self.panel_boxes):
            readers.addWidget(reader, n // 2, n % 2)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Tasks", tasks_grid)
        form.addRow("Questions", numbers)
        form.addRow("Per structure", self.quota_box)
        form.addRow("Generator", self.generator_box)
        form.addRow("Judge", self.judge_box)
        form.addRow("Blind panel", readers)
        form.addRow("Each asked", self.rule_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)

    def fill_members(self) -> None:
        """Offer the endpoints that are configured; what was chosen stays.

        Raises
        ------
        SpatialMedError
            If the endpoints file can't be read; the offline members are offered then.
        """
        known: dict[str, Endpoint] = {}
        try:
            known.update(endpoints())
        finally:
            local = local_endpoint()
            if local is not None:
                known[LOCAL] = local
            self._offer(known)

    def request(self) -> TeamRequest:
        """What was chosen.

        Raises
        ------
        TeamFormError
            If no task is ticked, or the panel is half offline.
        """
        tasks = tuple(task for task, box in self.task_boxes.items() if box.isChecked())
        if not tasks:
            raise TeamFormError("no task is ticked", hint="Tick at least one.")
        readers = tuple(box.currentData() for box in self.panel_boxes if box.currentData() is not None)
        if len(readers) not in (0, len(self.panel_boxes)):
            raise TeamFormError(
                "the blind panel is either the offline one or three models", hint="Choose all three."
            )
        return TeamRequest(
            tasks,
            self.count_box.value(),
            self.seed_box.value(),
            self.quota_box.value() or None,
            self.generator_box.currentData(),
            self.judge_box.currentData(),
            readers,
            self.rule_box.currentData(),
        )

    def _offer(self, known: dict[str, Endpoint]) -> None:
        for box, default in (
            (self.generator_box, OFFLINE),
            (self.judge_box, "None: rules only"),
            *((box, reader) for box, reader in zip(self.panel_boxes, OFFLINE_PANEL, strict=True)),
        ):
            chosen = box.currentText()
            box.clear()
            box.addItem(default, None)
            for name, endpoint in known.items():
                box.addItem(menu_text(name), endpoint)
            box.setCurrentIndex(max(0, box.findText(chosen)))
