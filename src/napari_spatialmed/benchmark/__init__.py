"""The benchmark file: questions with their verdicts, reviews and history, in a journal that loses nothing.

`events` says what can happen, `journal` writes it down, `state` folds it into where every question stands, and `Benchmark`
is what the docks, the agents and the command line hold.  From here kept questions go to `evaluation`.
"""

from __future__ import annotations

from napari_spatialmed.benchmark.agreement import Agreement, Alpha, agreement
from napari_spatialmed.benchmark.benchmark import Benchmark, Draft, create, open, read
from napari_spatialmed.benchmark.curating import case_record
from napari_spatialmed.benchmark.disk import SUFFIX
from napari_spatialmed.benchmark.errors import BenchmarkError, DamagedError, NotABenchmarkError
from napari_spatialmed.benchmark.events import PAYLOADS, REASONS, CaseRegistered, Event, QuestionProposed
from napari_spatialmed.benchmark.export import FORMATS, Exported, export
from napari_spatialmed.benchmark.funnel import Funnel, FunnelRow
from napari_spatialmed.benchmark.importing import IMPORTED_FORM, ImportPlan, import_, plan_import
from napari_spatialmed.benchmark.keep_rule import KEEP_RULE, REVIEWERS_NEEDED, decide
from napari_spatialmed.benchmark.merge import Merged, merge
from napari_spatialmed.benchmark.question_state import (
    Adjudication,
    QuestionState,
    Remark,
    Review,
    Status,
    Version,
)
from napari_spatialmed.benchmark.repair import Repair, repair
from napari_spatialmed.benchmark.reviewing import QueueItem, VisibleQuestion, queue_state, visible_to
from napari_spatialmed.benchmark.state import State
from napari_spatialmed.benchmark.verification import Mismatch, Problem, Verification, verify_file

__all__ = [
    "FORMATS",
    "IMPORTED_FORM",
    "KEEP_RULE",
    "PAYLOADS",
    "REASONS",
    "REVIEWERS_NEEDED",
    "SUFFIX",
    "Adjudication",
    "Agreement",
    "Alpha",
    "Benchmark",
    "BenchmarkError",
    "CaseRegistered",
    "DamagedError",
    "Draft",
    "Event",
    "Exported",
    "Funnel",
    "FunnelRow",
    "ImportPlan",
    "Merged",
    "Mismatch",
    "NotABenchmarkError",
    "Problem",
    "QuestionProposed",
    "QuestionState",
    "QueueItem",
    "Remark",
    "Repair",
    "Review",
    "State",
    "Status",
    "Verification",
    "Version",
    "VisibleQuestion",
    "agreement",
    "case_record",
    "create",
    "decide",
    "export",
    "import_",
    "merge",
    "open",
    "plan_import",
    "queue_state",
    "read",
    "repair",
    "verify_file",
    "visible_to",
]
