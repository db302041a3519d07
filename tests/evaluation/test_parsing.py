"""Letters: what counts as an answer, and above all what doesn't (rule S2)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_spatialmed.evaluation import parse_letter, read_letter
from napari_spatialmed.evaluation.markup import strip_thinking
from napari_spatialmed.evaluation.parsing import is_refusal

ORGANS = ("liver", "spleen", "left kidney", "pancreas")
SIZES = ("12–15 mL", "110 mm", "10 mm", "2.5 mL")


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("ANSWER: B", "B"),
        ("answer:b", "B"),
        ("**ANSWER:** **D**", "D"),
        ("ANSWER:\nB", "B"),
        ("Final Answer: B", "B"),
        ("First I thought ANSWER: A\nbut no.\nANSWER: C", "C"),
        ("ANSWER: A or B, ANSWER: B", "B"),
        ("It could be A or C. ANSWER: B.", "B"),
        ("ANSWER: B. spleen", "B"),
        ("ANSWER: B (the spleen)", "B"),
        ("ANSWER: B because it is large", "B"),
        ("ANSWER: spleen", "B"),
        ("ANSWER: The spleen.", "B"),
        ("the answer is (D).", "D"),
        ("The answer is B because A is too small", "B"),
        ("I weigh A against C; the answer is C.", "C"),
        ("The answer is the left kidney", "C"),
        ("B", "B"),
        ("(b)", "B"),
        ("C)", "C"),
        ("**C**", "C"),
        (r"\boxed{B}", "B"),
        ("Option C", "C"),
        ("B. spleen", "B"),
        ("Spleen", "B"),
        ("It is the left kidney.", "C"),
        ("<think>ANSWER: A, A, A</think>ANSWER: B", "B"),
        ("the template ate the tag: A</think> D", "D"),
        ("Ｂ", "B"),
        ("ANSWER：（Ｂ）", "B"),
        ("Answer: 【B】", "B"),
        ("ANSWER: <B>", "B"),
        ("<answer> B. spleen </answer>", "B"),
        ("<b>ANSWER:</b> B<br>", "B"),
        ("ANSWER: B<|im_end|>", "B"),
        ("\u200bB", "B"),
        (r"$\boxed{\text{C}}$", "C"),
        (r"ANSWER: \mathbf{B}", "B"),
        ('{"answer": "A", "explanation": "B is too small"}', "A"),
        ("{'explanation': 'A is too small', 'answer': 'C'}", "C"),
        ("The correct option is B.", "B"),
        ("I choose C (left kidney).", "C"),
        ("B - spleen", "B"),
        ("left_kidney", "C"),
        ("ANSWER: B. A, C and D are too small", "B"),
        ("The wrong answer: A\nANSWER: C", "C"),
    ],
)
def test_read_as_an_answer(text, letter):
    assert parse_letter(text, ORGANS) == letter


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no text"),
        ("A large liver is seen", "no letter"),
        ("I think C is close to A", "no letter"),
        ("A patient lies on the table", "no letter"),
        ("The answer is a bit unclear", "no letter"),
        ("The answer is A matter of taste", "no letter"),
        ("not the spleen", "no letter"),
        ("liver or spleen", "no letter"),
        ("The liver, which is larger than the spleen", "no letter"),
        ("ANSWER: B or C", "several"),
        ("ANSWER: E", "not one of"),
        ("E", "not one of"),
        ("ANSWER: I am not sure; B", "names no option"),
        ("B. liver", "different options"),
        ("<think>ANSWER: A", "no text"),
        ("I cannot provide medical advice", "no letter"),
        ("ANSWER: B C", "several"),
        ("ANSWER: B; C", "several"),
        ("ANSWER: B (or C)", "several"),
        ("ANSWER: B, or possibly C", "several"),
        ("ANSWER: A-C", "several"),
        ("ANSWER: B is not correct", "taken back"),
        ("The wrong answer is A.", "no letter"),
        ("Option C because A is wrong", "no letter"),
        ("It is a", "no letter"),
        ("ANSWER: A seems right", "names no option"),
    ],
)
def test_not_read_as_an_answer(text, why):
    read = read_letter(text, ORGANS)
    assert read.value is None
    assert why in read.reason


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("10 mm", "C"),
        ("it is 110 mm.", "B"),
        ("12-15 mL", "A"),
        ("D: 2.5 mL", "D"),
        ("B) 10 mm", None),
        ("100 mm", None),
        ("ANSWER: 12 – 15 mL", "A"),
        ("10mm", "C"),
    ],
)
def test_numbers_as_options_match_whole(text, letter):
    assert parse_letter(text, SIZES) == letter


def test_an_option_that_begins_with_a_letter_is_read_whole():
    assert parse_letter("ANSWER: A is larger", ("they are equal", "A is larger", "B is larger")) == "B"


@given(st.text(max_size=200))
def test_never_a_letter_outside_the_options_and_never_an_error(text):
    assert parse_letter(text, ORGANS) in (None, "A", "B", "C", "D")


@given(st.sampled_from("ABCD"), st.text(alphabet="xyz ,;ABCD\n", max_size=60))
def test_a_final_answer_line_always_wins(letter, noise):
    assert parse_letter(f"{noise}\nANSWER: {letter}", ORGANS) == letter


@given(
    st.lists(
        st.sampled_from(["A", "B", "liver", "spleen", "is", "near", "the", "larger", "than"]),
        min_size=3,
        max_size=12,
    )
)
def test_prose_without_a_form_of_answer_is_unparsed(words):
    """An independent reading of S2: without "answer", more than a lead-in and one option is prose."""
    text = "we see " + " ".join(words) + " here"
    assert not re.search("answer", text)
    assert parse_letter(text, ORGANS) is None


def test_refusals_are_told_from_nonsense():
    assert is_refusal("I'm sorry, but I can't help with medical images.")
    assert is_refusal("As an AI I cannot interpret scans; please consult a radiologist.")
    assert not is_refusal("The mass lies somewhere in the abdomen.")


def test_thinking_that_never_ends_leaves_nothing():
    assert strip_thinking("<think>so B it is") == ""
    assert strip_thinking("<thinking>a</thinking> b") == "b"
