"""A language model as a blind reader: text only, with passages as the paper's specialists have them."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel

from napari_spatialmed.agents.blind import BlindAnswer, BlindItem
from napari_spatialmed.agents.calls import Asked
from napari_spatialmed.agents.generator import query_for
from napari_spatialmed.agents.passages import Retriever, plain, quoted
from napari_spatialmed.agents.prompts import prompt
from napari_spatialmed.llm import EndpointError, system_message, user_message
from napari_spatialmed.questions import LETTERS


class _Choice(BaseModel):
    reason: str
    answer: Literal["A", "B", "C", "D", "E", "F", "G", "H"]


class _Estimate(BaseModel):
    reason: str
    number: float


class LLMReader:
    """Answers without the scan.

    Parameters
    ----------
    asked
        The model.
    retriever
        Passages for the prompt.
    """

    def __init__(self, asked: Asked, retriever: Retriever) -> None:
        self.name = asked.member
        self._asked = asked
        self._retriever = retriever

    async def answer(self, item: BlindItem) -> BlindAnswer:
        """Its letter, or its number for an open question.

        Raises
        ------
        EndpointError
            If there is no usable answer: not validated (rule P4).
        """
        passages = await self._retriever.search(query_for(item.task, [s.title for s in item.structures]), 3)
        lines = [f"QUESTION\n{json.dumps(plain(item.stem), ensure_ascii=False)}"]
        if item.options:
            listed = {LETTERS[i]: plain(option) for i, option in enumerate(item.options)}
            lines.append(f"OPTIONS\n{json.dumps(listed, ensure_ascii=False)}\nAnswer with one letter.")
        else:
            lines.append(f"Answer with one number in {item.unit or 'plain units'}.")
        lines.append(f"PASSAGES\n{quoted(passages)}")
        turns = [system_message(prompt("reader")), user_message("\n\n".join(lines))]
        if not item.options:
            estimate, _ = await self._asked.structured(turns, _Estimate)
            return BlindAnswer(
                number=estimate.number, said=f"{estimate.number:g}: {plain(estimate.reason, 200)}"
            )
        choice, _ = await self._asked.structured(turns, _Choice)
        option = LETTERS.index(choice.answer)
        if option >= len(item.options):
            raise EndpointError(
                "schema",
                f"answered {choice.answer}, which is no option",
                where=self._asked.client.endpoint.place,
            )
        return BlindAnswer(option=option, said=f"{item.options[option]}: {plain(choice.reason, 200)}")
