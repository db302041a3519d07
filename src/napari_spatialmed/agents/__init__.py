"""The agent team: retriever, generator, clinical validator and blind panel; from a case's geometry to proposed questions.

Everything has an offline default, deterministic for a seed; language models replace any member.  What is accepted goes to
the benchmark, with everything that was said of it.
"""

from napari_spatialmed.agents.answerers import offline_panel
from napari_spatialmed.agents.blind import Answerer, BlindAnswer, BlindItem, blind_item
from napari_spatialmed.agents.generator import Generator, OfflineGenerator, Wanted
from napari_spatialmed.agents.panel import Panel, PanelError
from napari_spatialmed.agents.passages import Passage, Retriever
from napari_spatialmed.agents.proposal import Idea, Message, Progress, Proposal, ProposalResult
from napari_spatialmed.agents.ranges import Reference, reference_for, references
from napari_spatialmed.agents.retriever import CorpusRetriever
from napari_spatialmed.agents.team import TeamError, TeamSettings, propose, propose_async
from napari_spatialmed.agents.validator import ClinicalRules, Validator

__all__ = [
    "Answerer",
    "BlindAnswer",
    "BlindItem",
    "ClinicalRules",
    "CorpusRetriever",
    "Generator",
    "Idea",
    "Message",
    "OfflineGenerator",
    "Panel",
    "PanelError",
    "Passage",
    "Progress",
    "Proposal",
    "ProposalResult",
    "Reference",
    "Retriever",
    "TeamError",
    "TeamSettings",
    "Validator",
    "Wanted",
    "blind_item",
    "offline_panel",
    "propose",
    "propose_async",
    "reference_for",
    "references",
]
