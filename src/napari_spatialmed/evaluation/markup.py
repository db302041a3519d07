"""A model's words without what was wrapped around them: thinking, Markdown, HTML and template tags, LaTeX, full-width forms.

Nothing is read here; `parsing` and `quantities` read what is left.
"""

from __future__ import annotations

import re

_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.S | re.I)
_OPEN_THINKING = re.compile(r"<(think|thinking|reasoning)>.*\Z", re.S | re.I)
_LONE_CLOSE = re.compile(r"\A.*</(?:think|thinking|reasoning)>", re.S | re.I)

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"))
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord("\u3000"): " ",
    ord("【"): "[",
    ord("】"): "]",
}
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_TEMPLATE_TAG = re.compile(r"<\|[^|<>]{1,40}\|>|</s>|\[/?INST\]")
_ANSWER_TAG = re.compile(r"<answer>\s*(.*?)\s*</answer>", re.S | re.I)
_BOLD_TAG = re.compile(r"<(b|i|u)>(.*?)</\1>", re.S | re.I)
_HTML_TAG = re.compile(r"</?(?:strong|em|p|br|span|div|li|ul|ol|code|pre)\b[^<>]*>", re.I)
_HTML_POWER = re.compile(r"<sup>\s*([+\-−]?\d+)\s*</sup>", re.I)
_LATEX_WRAPPER = re.compile(r"\\(?:boxed|text|textbf|textit|mathrm|mathbf|mathit|mbox)\s*\{([^{}]*)\}")
_LATEX_POWER = re.compile(r"\^\s*\{\s*([+\-−]?\d+)\s*\}")
_LATEX_SIGNS = (("\\times", "×"), ("\\cdot", "·"), ("\\approx", "≈"), ("\\sim", "~"), ("\\pm", "±"), ("\\leq", "≤"), ("\\geq", "≥"),
                ("\\%", "%"), ("\\,", ""), ("\\;", " "), ("\\ ", " "), ("\\(", " "), ("\\)", " "), ("\\[", " "), ("\\]", " "))  # fmt: skip
_POWER_OF_TEN = re.compile(r"(?<=10)([⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


def strip_thinking(text: str) -> str:
    """The answer without ``<think>…</think>``; of a block that never closes nothing is left after its opening."""
    if "</" in text:  # else every opening would look for its end in vain
        text = _THINKING.sub(" ", text)
    text = _LONE_CLOSE.sub(" ", text)
    return _OPEN_THINKING.sub(" ", text).strip()


def unwrap(text: str) -> str:
    """The words alone; an ``<answer>`` tag becomes an ``ANSWER:`` line, and powers are written with ``^``."""
    text = strip_thinking(text).translate(_INVISIBLE).translate(_FULL_WIDTH)
    text = _TEMPLATE_TAG.sub(" ", text)
    text = _ANSWER_TAG.sub(r"\nANSWER: \1\n", text)
    text = _BOLD_TAG.sub(r"\2", text)
    text = _HTML_TAG.sub(" ", _HTML_POWER.sub(r"^\1", text))
    for sign, plain in _LATEX_SIGNS:
        text = text.replace(sign, plain)
    while True:
        opened = _LATEX_POWER.sub(r"^\1", _LATEX_WRAPPER.sub(r"\1", text))
        if opened == text:
            break
        text = opened
    text = _POWER_OF_TEN.sub(lambda m: "^" + m.group(1).translate(_SUPERSCRIPT), text)
    text = re.sub(r"(?<=[A-Za-z])_(?=[A-Za-z])", " ", text)
    return re.sub(r"\*\*|[_`$]+", "", text).strip()
