"""From a model's words to a letter or a number, or to the reason why there is none.

Strict on purpose (rules S2 and S3 of the scoring page): what can't be read without guessing counts as unparsed, and
nothing is ever taken from the first A–D that happens to stand in a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from napari_spatialmed.evaluation.markup import strip_thinking, unwrap
from napari_spatialmed.questions.model import LETTERS

ANSWER_LINE = re.compile(
    r"(?i)(?<!wrong )(?<!incorrect )\banswer\b[\"'”’]?\s*[:：]\s*((?:(?!\banswer\b[\"'”’]?\s*[:：])[^\n])*)"
)
_ANSWER_IS = re.compile(r"(?i)(?<!wrong )(?<!incorrect )\banswer\s+is\s*:?\s*((?:(?!\banswer\s+is\b)[^\n])*)")
_LETTER_FIRST = re.compile(
    r"\A[\s(\[{<\"']*(?:(?:option|choice)\s+)?[(\[]?([A-Za-z])(?=\Z|[^A-Za-z0-9'’]|['’](?![A-Za-z]))(.*)\Z",
    re.S | re.I,
)
_OTHER_LETTER = re.compile(
    r"\A(?:[\s)\]}.,:;?\"'(-]*(?:or|and|and/or|vs|versus|to|through|/|,|;|&|\||\+|-|–|~)\.?\s*(?:maybe|possibly|perhaps|even)?|[)\]}\"']*\s)"
    r"\s*(?:(?:option|choice)\s+)?[(\[\"']*[A-H]\b(?!['’]|\s+[a-z])"
)
_TAKEN_BACK = re.compile(
    r"\A(?:is|was|seems|looks|can be|could be)\s+(?:not|n t|wrong|incorrect|false|impossible|excluded|ruled out|unlikely|out)\b|\A(?:isnt|wasnt|cannot|cant)\b"
)
_LEAD_IN = re.compile(
    r"\A(?:(?:so|thus|therefore|hence|then) )?(?:(?:it is|it s|its|this is|that is|i choose|i would say|i say|my answer is|"
    r"the (?:correct |right |best )?(?:option|choice|answer) is) )?(?:the )?"
)
_CHOOSES = re.compile(
    r"(?i)\A(?:(?:so|thus|therefore|hence|then),? )?(?:it is|it['’]s|i choose|i select|i pick|i say|"
    r"(?:the |my )?(?:final |correct |right |best )*(?:option|choice) is:?)\s+"
)
"""Followed by a letter and nothing else, it chooses that letter as much as the letter alone would."""
_REFUSAL = re.compile(
    r"(?i)\b(i(?:['’]m| am)?\s+(?:sorry|unable|not able|cannot|can['’]?t|won['’]?t|not (?:allowed|permitted|qualified))|"
    r"(?:cannot|can['’]?t|unable to|won['’]?t)\s+(?:\w+\s+)?(?:assist|help|provide|answer|analy[sz]e|interpret|view|see|diagnose|"
    r"determine|comply)|as an ai\b|medical (?:advice|professional)|consult (?:a|your|with))"
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read off an answer.

    Attributes
    ----------
    value
        The letter or number, or None.
    reason
        How it was read, or why it couldn't be.
    """

    value: str | float | None
    reason: str


def is_refusal(text: str) -> bool:
    """Whether an answer that couldn't be parsed declines to answer, instead of answering badly."""
    return bool(_REFUSAL.search(strip_thinking(text)))


def parse_letter(text: str, options: Sequence[str]) -> str | None:
    """The option's letter that an answer chooses, or None (see `read_letter` for why).

    Parameters
    ----------
    text
        What the model said.
    options
        The options' texts in the order shown.
    """
    value = read_letter(text, options).value
    return value if isinstance(value, str) else None


def read_letter(text: str, options: Sequence[str]) -> Parsed:
    """Rule S2: final ``ANSWER: X`` > ``answer is X`` > a sole letter > the exact text of one option alone.

    A stage that speaks decides: an ``ANSWER:`` that names no option is not overruled by a letter elsewhere.
    """
    plain = _plain(text)
    if not plain:
        return Parsed(None, "no text")
    allowed = LETTERS[: len(options)]
    for pattern, how in ((ANSWER_LINE, "ANSWER: line"), (_ANSWER_IS, "'answer is'")):
        found = [m.group(1).strip() for m in pattern.finditer(plain)]
        found = [tail for tail in found if tail]
        if found:
            read = _option_text(found[-1], options, how) or _letter_in(found[-1], options, allowed, how)
            if read is not None:
                return read
            if how == "ANSWER: line":
                return Parsed(None, f"the {how} names no option")
    exact = _option_text(plain, options, "option's text")
    if exact is not None:
        return exact
    chosen = _CHOOSES.match(plain)
    sole = (
        plain[chosen.end() :]
        if chosen and plain[chosen.end() : chosen.end() + 2].strip("([")[:1].isupper()
        else plain
    )
    return _letter_in(sole, options, allowed, "sole letter", sole=True) or Parsed(
        None, "no letter and no single option's text"
    )


def _plain(text: str) -> str:
    return re.sub(r"[*#>\\]+", "", unwrap(text)).strip()


def _letter_in(
    tail: str, options: Sequence[str], allowed: str, how: str, sole: bool = False
) -> Parsed | None:
    """A letter at the head of `tail`; what follows it must be nothing, punctuation, or that option's own text."""
    match = _LETTER_FIRST.match(tail)
    if match is None:
        return None
    letter, rest = match.group(1), match.group(2)
    if _OTHER_LETTER.match(rest):
        return Parsed(None, "several letters")
    said = _norm(rest)
    if letter.upper() not in allowed:
        return Parsed(None, f"{letter} is not one of {allowed}") if not said and letter.isupper() else None
    if _TAKEN_BACK.match(said):
        return Parsed(None, f"{letter.upper()} is taken back")
    own = _norm(options[allowed.index(letter.upper())])
    others = {_norm(o) for o in options} - {own}
    said = said if said in (own, *others) else re.sub(r"\A[-=→ ]+", "", said)
    if said in others:
        return Parsed(None, "the letter and the text name different options")
    if not said or said == own:
        return Parsed(letter.upper(), how)
    if sole or not letter.isupper():
        return None
    # "ANSWER: B. Because …" and "answer is B because …" stand; "answer is A matter of taste" doesn't: A is also a word.
    punctuated = re.match(r"\A[\"'”’]?\s*[).\]},:;(—–-]", rest) is not None
    reasoned = letter != "A" or re.match(r"(because|since|as|is|due|given)\b", said) is not None
    return Parsed(letter, how) if punctuated or reasoned or said.startswith(own + " ") else None


def _option_text(text: str, options: Sequence[str], how: str) -> Parsed | None:
    """The text of exactly one option and nothing else but a lead-in such as "it is the"."""
    said = _norm(text)
    if len(said) == 1 and said.isalpha():  # a letter, whatever the options say
        return None
    for candidate in (said, _LEAD_IN.sub("", said)):
        exact = [i for i, option in enumerate(options) if _norm(option) == candidate]
        if len(exact) == 1:
            return Parsed(LETTERS[exact[0]], how)
    return None


def _norm(text: str) -> str:
    """Lower case, one space, no punctuation but what belongs to a number."""
    text = (
        text.casefold()
        .replace("−", "-")
        .replace("–", "-")
        .replace("—", "-")
        .replace("cm³", "cm3")
        .replace("mm³", "mm3")
    )
    text = re.sub(r"(?<=\w)['’](?=\w)", "", text)
    text = re.sub(r"(?<!\d)[.,](?!\d)|(?<=\d)[.,](?!\d)|[!?\"'“”’;:()\[\]{}<>]", " ", text)
    text = re.sub(r"(?<=\d)\s*-\s*(?=\d)", "-", re.sub(r"(?<=\d)(?=[a-z])", " ", text))
    return " ".join(text.split())
