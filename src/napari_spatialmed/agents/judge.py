"""A language model's judgement after the rules: relevant, clear, and in need of the scan.  It fails closed (rule P4)."""

from __future__ import annotations

import json

from pydantic import BaseModel

from napari_spatialmed.agents.calls import Asked
from napari_spatialmed.agents.generator import query_for
from napari_spatialmed.agents.passages import Retriever, plain, quoted
from napari_spatialmed.agents.prompts import prompt
from napari_spatialmed.agents.stopping import FATAL
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import EndpointError, system_message, user_message
from napari_spatialmed.questions import RULES, Question, Verdict


class _Judgement(BaseModel):
    relevant: bool
    clear: bool
    needs_scan: bool
    reason: str


class LLMJudge:
    """Judges what code can't: three yes-or-no answers with a reason."""

    name = "validator: judge"

    def __init__(self, asked: Asked, retriever: Retriever) -> None:
        self._asked = asked
        self._retriever = retriever

    async def judge(self, question: Question, geometry: CaseGeometry) -> list[Verdict]:
        """One verdict; None (not validated) where the model fails."""
        titles = [geometry.case[name].title for name in question.key.structures if name in geometry.case]
        passages = await self._retriever.search(query_for(question.task, titles), 3)
        shown = {
            "task": question.task,
            "stem": plain(question.stem),
            "options": [plain(o) for o in question.options],
        }
        text = f"QUESTION\n{json.dumps(shown, ensure_ascii=False)}\n\nPASSAGES\n{quoted(passages)}"
        try:
            found, said = await self._asked.structured(
                [system_message(prompt("judge")), user_message(text)], _Judgement
            )
        except EndpointError as error:
            if error.kind in FATAL:
                raise
            return [RULES["P4"].verdict(None, f"Not validated: {error.what}", member=self.name)]
        wrong = [
            name.replace("_", " ") for name in ("relevant", "clear", "needs_scan") if not getattr(found, name)
        ]
        reason = plain(found.reason, 300)
        return [
            Verdict(
                member=self.name,
                passed=not wrong,
                reason=f"Not {', not '.join(wrong)}: {reason}"
                if wrong
                else reason or "Relevant, clear, needs the scan.",
                detail={"messages": [message.to_dict() for message in said]},
            )
        ]
