"""What a model is told: the question, its options, the pictures, and nothing else of the case.

An arm changes one thing: ``blind`` takes the pictures away, ``oracle`` adds the measured facts, ``circular`` turns the
options round.  The text is built here alone, so that the preview, the request and the record are the same words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation.drawing import Picture
from napari_spatialmed.evaluation.views import View
from napari_spatialmed.geometry.registry import CALCULATORS
from napari_spatialmed.llm import Message, system_message, user_message
from napari_spatialmed.questions.model import LETTERS, Question

Arm = Literal["normal", "blind", "oracle", "circular"]
ARMS: tuple[Arm, ...] = get_args(Arm)

SYSTEM = (
    "You answer questions about one medical scan for a research benchmark on spatial reasoning. Nothing you say is used "
    "for care. Left and right are the patient's. Always commit to one answer."
)
_LETTER_FORM = "Explain in at most three sentences, then end with one line:\nANSWER: <letter>"
_NUMBER_FORM = "Explain in at most three sentences, then end with one line:\nANSWER: <one number> {unit}"
_SCANS = {"CT": "a CT scan", "MR": "an MR scan", "PET": "a PET scan", "US": "an ultrasound scan"}
PROMPT_VERSION = "1"


class PromptError(SpatialMedError):
    """A prompt that can't be built."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything one call sends.

    Attributes
    ----------
    system, text
        The words.
    pictures
        In the order sent; empty in the blind arm.
    question
        As shown: with its options in the order of this rotation and the letter that is right in it.
    arm, rotation
        What was changed; `rotation` counts places the options moved up.
    """

    system: str
    text: str
    pictures: tuple[Picture, ...]
    question: Question
    arm: Arm = "normal"
    rotation: int = 0

    @property
    def messages(self) -> list[Message]:
        """For `llm.Client`."""
        return [
            system_message(self.system),
            user_message(
                self.text, [p.png for p in self.pictures], captions=[p.caption for p in self.pictures]
            ),
        ]

    @property
    def sha256(self) -> str:
        """Hash of the words and the pictures' captions."""
        parts = [self.system, self.text, *(p.caption for p in self.pictures)]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def prompt_for(question: Question, view: View | None, arm: Arm = "normal", *, rotation: int = 0) -> Prompt:
    """The prompt that asks `question`.

    Parameters
    ----------
    question
        From the benchmark.
    view
        Its pictures; may be None in the blind arm only (rule V4: a missing picture is never a blind run).
    arm
        One of `ARMS`.
    rotation
        Places by which the options are turned round; for ``circular``.

    Raises
    ------
    PromptError
        If the arm is unknown, or there are no pictures where the arm shows some.
    """
    if arm not in ARMS:
        raise PromptError(f"no arm {arm!r}", hint=f"There are: {', '.join(ARMS)}.")
    if arm != "blind" and (view is None or not view.pictures):
        raise PromptError(
            "there is no picture to show (rule V4)",
            where=question.id,
            hint="Only the blind arm asks without one.",
        )
    shown = rotate(question, rotation)
    lines = []
    if arm == "blind" or view is None:
        lines.append(
            "No picture is shown: answer from general knowledge and commit to the most likely answer."
        )
    else:
        lines.append(describe_view(view))
    if arm == "oracle":
        lines += ["Measured on this scan:", *(f"- {fact}" for fact in measured_facts(question))]
    lines += ["", f"Question: {shown.stem}"]
    if shown.is_open:
        lines += ["", _NUMBER_FORM.format(unit=shown.unit or "(a plain number)")]
    else:
        lines += [f"{LETTERS[i]}. {option}" for i, option in enumerate(shown.options)]
        lines += ["", _LETTER_FORM]
    pictures = () if arm == "blind" or view is None else view.pictures
    return Prompt(SYSTEM, "\n".join(lines), pictures, shown, arm, rotation)


def prompt_freely(text: str, view: View) -> Prompt:
    """The prompt for a question that somebody typed: no options, no truth, no prescribed form of answer."""
    free = Question(
        id="q-free",
        case="",
        key={"task": "DIR", "form": "free", "structures": view.structures},  # type: ignore[arg-type]
        stem=text,
        answer="",
        truth=None,
    )
    return Prompt(SYSTEM, f"{describe_view(view)}\n\nQuestion: {text}", view.pictures, free)


def describe_view(view: View) -> str:
    """The pictures in words: how many, of what, and what the outlines mean."""
    count = len(view.pictures)
    scan = _SCANS.get(view.modality, "a scan")
    if view.of_second:
        which = f"{count - view.of_second} of the first and {view.of_second} of the second"
        text = f"{count} pictures of two scans, {which} ({view.window}); all have one scale, the bar is 10 mm long."
    else:
        many = "One picture" if count == 1 else f"{count} pictures"
        text = f"{many} of {scan} ({view.window}); the bar is 10 mm long."
    if view.legend:
        named = ", ".join(f"{view.titles.get(name, name)} {color}" for name, color in view.legend.items())
        verb = "Surfaces" if view.layout == "surface3d" else "Outlines"
        text += f" {verb}: {named}."
    return text


def rotations(question: Question, arm: Arm) -> range:
    """The rotations an arm asks: all of them for ``circular`` with options, else the one as written."""
    return range(len(question.options)) if arm == "circular" and question.options else range(1)


def rotate(question: Question, places: int) -> Question:
    """The question with its options moved up by `places` and the letter that is right then."""
    count = len(question.options)
    if not count or not places % count:
        return question
    places %= count
    options = question.options[places:] + question.options[:places]
    answer = LETTERS[(LETTERS.index(question.answer) - places) % count]
    return question.model_copy(update={"options": options, "answer": answer})


def measured_facts(question: Question) -> list[str]:
    """The measurements a question's answer rests on, in words: what the oracle arm tells."""
    titles = question.key.params.get("titles")
    names: Mapping[str, Any] = titles if isinstance(titles, dict) else {}
    facts = []
    for evidence in question.evidence:
        scan = ""
        if "other_case" in question.key.params:  # each measurement says which scan it is of
            scan = " in the second scan" if evidence.get("case") else " in the first scan"
        facts += [fact + scan for fact in _facts(evidence, names)]
    return facts


def _facts(evidence: Mapping[str, Any], titles: Mapping[str, Any]) -> list[str]:
    calculator = str(evidence.get("calculator", ""))
    found = CALCULATORS.get(calculator)
    title = found.title if found is not None else calculator.replace("_", " ")
    structures = [str(titles.get(n, str(n).replace("_", " "))) for n in evidence.get("structures", ())]
    unit = str(evidence.get("unit", ""))
    value = evidence.get("value")
    if calculator == "direction" and isinstance(value, Mapping) and len(structures) == 2:
        words = [str(v) for v in value.values() if v]
        return [f"{structures[0]} lies {', '.join(words) or 'neither way'} of {structures[1]}"]
    return [f"{title} of {' and '.join(structures)}: {_in_words(value, unit)}"]


def _in_words(value: Any, unit: str) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no"}.get(value, "undecided") if value is not None else "undecided"
    if isinstance(value, float):
        return f"{value:.4g} {unit}".strip()
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_in_words(item, unit)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_in_words(item, "") for item in value) + (f" {unit}" if unit else "")
    return f"{value} {unit}".strip()


def cache_key(prompt: Prompt, model: str, settings: Mapping[str, Any]) -> str:
    """Rule S6: hash of item content, model, prompt, picture hashes and decoding settings; never of a key or address."""
    question = prompt.question
    content = {
        "item": [
            question.id,
            question.case,
            question.stem,
            list(question.options),
            question.answer,
            question.unit,
        ],
        "model": model,
        "prompt": [PROMPT_VERSION, prompt.sha256, prompt.arm, prompt.rotation],
        "pictures": [p.sha256 for p in prompt.pictures],
        "settings": dict(sorted(settings.items())),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
