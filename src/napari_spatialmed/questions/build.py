"""From a form and structures to a question, and back from a question to its answer.

`build_question` is the only way a question comes into being: the calculators compute the truth, the form writes the
options around it, and every U rule is checked before anything is written.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.geometry.registry import CALCULATORS_VERSION
from napari_spatialmed.questions.answering import form_of, labels_hash, open_answer
from napari_spatialmed.questions.askable import check_nameable, piece_count
from napari_spatialmed.questions.decidable import check_decidable
from napari_spatialmed.questions.form import Form, Others, UndecidableError, fill, phrase
from napari_spatialmed.questions.model import LETTERS, AnswerKey, Question
from napari_spatialmed.questions.naming import agreeing, the
from napari_spatialmed.questions.options import shuffled
from napari_spatialmed.questions.rules import check_text, failed
from napari_spatialmed.questions.usual import Usual, too_usual


def build_question(
    geometry: CaseGeometry,
    form_id: str,
    structures: Sequence[str],
    *,
    params: Mapping[str, JsonValue] | None = None,
    seed: int = 0,
    stem: str | None = None,
    rationale: str = "",
    provenance: Mapping[str, JsonValue] | None = None,
    others: Others | None = None,
    usual: Callable[[AnswerKey], Sequence[Usual]] | None = None,
) -> Question:
    """Ask one thing about one case.

    Parameters
    ----------
    form_id
        A key of `FORMS`.
    structures
        Names (or titles) in the form's order.
    params
        Only those that the form lets a proposer choose (`Form.choices`); the rest is drawn or computed.
    seed
        Same case, form, structures, params and seed give the same question.
    stem
        Own wording, with the form's placeholders (``{a}``, ``{axis}``, ``{tolerance}``, …) or plain.  It is kept as it is;
        `check_text` judges it.
    others
        Further cases by id, for the forms that compare two cases.
    usual
        What the numbers behind a key are in other patients, in the form's order; empty where that isn't known.

    Raises
    ------
    UndecidableError
        If a rule forbids it; carries the rule's id and the reason.
    UnknownFormError, UnknownStructureError
    """
    form = form_of(form_id)
    case = geometry.case
    names = tuple(case[key].name for key in structures)
    chosen = dict(params or {})
    _check_request(form, geometry, names, chosen)
    rng = random.Random(f"{seed}|{form.id}|{'|'.join(names)}|{json.dumps(chosen, sort_keys=True)}|{case.id}")
    titles: JsonValue = {name: case[name].title for name in names}
    spoken: dict[str, JsonValue] = {"titles": titles}
    if referents := _referents(form, geometry, names):
        spoken["referents"] = referents
    key = AnswerKey(
        task=form.task,
        form=form.id,
        structures=names,
        params=chosen | spoken,
        unit=form.unit,
        calculators_version=CALCULATORS_VERSION,
    )
    check_decidable(form, key, geometry, directions=False)
    key = key.model_copy(update={"params": form.settle(geometry, names, dict(key.params), rng, others or {})})
    check_decidable(form, key, geometry)
    found = form.evaluate(key, geometry, others or {})
    if why := form.fragile(key, found):
        raise UndecidableError("U6", why)
    if why := form.contest(key, found):
        raise UndecidableError("O6", why)
    known = usual(key) if usual is not None and form.option_kind != "none" else ()
    if known and (why := form.too_alike(found, known)):
        raise UndecidableError("P1", why)
    choices = form.offer(key, found, rng)
    weights = form.how_usual(key, found, choices.texts, known) if known else ()
    if weights and (why := too_usual(weights, choices.right, known[0].basis, rng)):
        raise UndecidableError("P1", why)
    key = key.model_copy(update={"params": key.params | dict(choices.params)})
    if choices.texts:
        # Numbers stand in rising order, as readers expect; their rank is drawn, so that the letter is even all the same.
        rising = form.option_kind in ("number", "interval", "span")
        options, place = (
            (choices.texts, choices.right) if rising else shuffled(choices.texts, choices.right, rng)
        )
        answer = LETTERS[place]
    else:
        options, answer = (), open_answer(found)
    phrasing = rng.randrange(len(form.phrasings))
    text = say(form, key, form.phrasings[phrasing])
    question = Question(
        id=_question_id(case.id, key, text, options),
        case=case.id,
        key=key,
        stem=text,
        options=options,
        answer=answer,
        truth=found.truth,
        unit=found.unit,
        uncertainty=found.uncertainty,
        evidence=found.evidence,
        rules=form.rules,
        label_sha256=labels_hash(geometry),
        segmentation=case.provenance.segmentation,
        rationale=rationale,
        provenance={
            "modality": case.modality,
            "names": case.provenance.names,
            "seed": seed,
            "phrasing": phrasing if stem is None else "own",
            **({"usual": [number.to_dict() for number in known]} if weights else {}),
            **(provenance or {}),
        },
    )
    # In our own words every text rule must hold: what fails now lies in the structures, not in the wording.
    for verdict in failed(check_text(question)):
        raise UndecidableError(verdict.rule, verdict.reason)
    if stem is None:
        return question
    text = say(form, key, stem)
    return question.model_copy(update={"stem": text, "id": _question_id(case.id, key, text, options)})


def _check_request(
    form: Form, geometry: CaseGeometry, names: tuple[str, ...], chosen: Mapping[str, JsonValue]
) -> None:
    takes = form.takes
    if not takes.least <= len(names) <= takes.most or len(set(names)) != len(names):
        wanted = str(takes.least) if takes.least == takes.most else f"{takes.least} to {takes.most}"
        raise UndecidableError(
            "U5", f"{form.title} takes {wanted} different structures; it was given {', '.join(names)}."
        )
    for place, name in enumerate(names):
        structure = geometry.case[name]
        check_nameable(structure)
        kinds = takes.kinds_of(place)
        if kinds and structure.kind not in kinds:
            raise UndecidableError(
                "U5",
                f"{form.title} wants {_a(' or '.join(kinds))} in place {place + 1}; the {structure.title} is {_a(structure.kind)}.",
            )
    for name, value in chosen.items():
        if name in form.free_params and isinstance(value, str):
            continue
        if name not in form.choices:
            allowed = ", ".join(form.choices) or "nothing"
            raise UndecidableError(
                "G1", f"A proposer can't choose {name!r} for {form.title}, only {allowed}."
            )
        if value not in form.choices[name]:
            raise UndecidableError(
                "G4" if name == "axis" else "G1", f"{name} is one of {form.choices[name]}, not {value!r}."
            )


def _referents(form: Form, geometry: CaseGeometry, names: tuple[str, ...]) -> dict[str, JsonValue]:
    """Names that stand for several lesions, with the words that say which are meant (rule U5)."""
    found: dict[str, JsonValue] = {}
    for name in names:
        structure = geometry.case[name]
        several = structure.kind == "lesion" and form.lesions in ("total", "nearest")
        if several and piece_count(geometry, name) > 1:
            words = "all parts together" if form.lesions == "total" else "its nearest part"
            found[name] = f"{the(structure.title)} ({words})"
    return found


def say(form: Form, key: AnswerKey, template: str) -> str:
    """A template with the structures' names and parameters put in, its verbs agreeing with plural names."""
    return agreeing(fill(template, form.fields(key)), [phrase(key, name) for name in key.structures])


def _question_id(case: str, key: AnswerKey, stem: str, options: tuple[str, ...]) -> str:
    content = json.dumps(
        [case, key.model_dump(mode="json"), stem, options], sort_keys=True, ensure_ascii=False
    )
    return "q-" + hashlib.sha256(content.encode()).hexdigest()[:12]


draft = build_question
"""Writing a question from scratch is building one: choose a form and structures, the calculators do the rest."""


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
