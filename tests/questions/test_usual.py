"""What is usual in other patients, and questions that knowing it doesn't answer (rule P1)."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import pairwise

import pytest

from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.questions import LETTERS, AnswerKey, Evaluation, UndecidableError, build_question
from napari_spatialmed.questions.answering import form_of
from napari_spatialmed.questions.askable import DIRECTION_MARGIN_MM
from napari_spatialmed.questions.corpus import option_for
from napari_spatialmed.questions.usual import Usual, too_usual, winners

VOLUMES = Usual(300.0, 0.20, "of a test's patients")
LIVER_ML = 560.0


def asked(form_id: str, known: Usual | None, patients: int) -> tuple[float, Counter[int], int]:
    """Ask as many patients; how often the option nearest to the usual is right, the ranks, and how many were asked."""
    form, rng = form_of(form_id), random.Random(form_id)
    key = AnswerKey(task=form.task, form=form_id, structures=("liver",), unit="mL", calculators_version="1")
    hits, ranks = 0, Counter[int]()
    for _ in range(patients):
        value = VOLUMES.centre * math.exp(rng.gauss(0.0, VOLUMES.spread))
        found = Evaluation(value, "mL", 1.0, (), {"value": value})
        choices = form.offer(key, found, rng)
        if known and too_usual(form.how_usual(key, found, choices.texts, [known]), choices.right, "", rng):
            continue
        ranks[choices.right] += 1
        numbers = [float(text.split()[0]) for text in choices.texts]
        if form_id == "vol.interval":
            numbers = [(low + float(t.split()[3])) / 2 for low, t in zip(numbers, choices.texts, strict=True)]
        hits += min(range(4), key=lambda place: abs(numbers[place] - VOLUMES.centre)) == choices.right
    return hits / ranks.total(), ranks, ranks.total()


@pytest.mark.parametrize("form", ["vol.value", "vol.interval"])
def test_who_knows_the_usual_volume_guesses_like_anybody_else(form: str) -> None:
    without, _, _ = asked(form, None, 4000)
    share, ranks, count = asked(form, VOLUMES, 4000)
    assert without > 0.33
    assert share == pytest.approx(0.25, abs=3 * math.sqrt(0.25 * 0.75 / count))
    assert count > 600, "and enough can still be asked"
    assert all(ranks[rank] == pytest.approx(count / 4, rel=0.2) for rank in range(4))


@pytest.mark.parametrize("freedom", [1e6, 5.0])
def test_who_knows_the_usual_side_guesses_like_anybody_else(freedom: float) -> None:
    """Also where most patients are alike and a few are far from it, as a normal distribution never has them."""
    form, rng, normal = form_of("dir.axis"), random.Random(1), random.Random(2).gauss
    key = AnswerKey(
        task="DIR", form="dir.axis", structures=("a", "b"), params={"axis": "SI"}, calculators_version="1"
    )
    known = Usual(9.0, 10.0, "of a test's patients", linear=True, freedom=freedom)
    words: Counter[str] = Counter()
    for _ in range(20_000):
        squares = 2.0 * random.Random(rng.random()).gammavariate(freedom / 2.0, 1.0)
        offset = known.centre + known.scale * normal(0.0, 1.0) / math.sqrt(squares / freedom)
        if abs(offset) < DIRECTION_MARGIN_MM:
            continue
        found = Evaluation("superior" if offset > 0 else "inferior", "", None, ())
        choices = form.offer(key, found, rng)
        if not too_usual(form.how_usual(key, found, choices.texts, [known]), choices.right, "", rng):
            words[str(found.truth)] += 1
    assert words.total() > 1000
    assert words["superior"] / words.total() == pytest.approx(0.5, abs=0.04)


def test_the_only_one_within_a_margin_is_likely_the_one_that_usually_is() -> None:
    key = AnswerKey(
        task="DIST",
        form="dist.within",
        structures=("a", "b", "c"),
        params={"margin": 20},
        calculators_version="1",
    )
    near, far = Usual(15.0, 5.0, "", linear=True), Usual(30.0, 8.0, "", linear=True)
    found = Evaluation("b", "mm", 1.0, ())
    first, second = form_of("dist.within").how_usual(key, found, (), [near, far])
    inside = [usual.share(0.0, 20.0) for usual in (near, far)]
    assert first == pytest.approx(inside[0] * (1 - inside[1]))
    assert second == pytest.approx(inside[1] * (1 - inside[0]))
    assert first > 10 * second
    nearest, _ = winners([near, far], least=True)
    assert nearest == pytest.approx(0.944, abs=1e-3)  # Φ(15 / √(5² + 8²))


def test_patients_who_hardly_differ_are_not_asked_about(body: CaseGeometry) -> None:
    with pytest.raises(UndecidableError, match="needs no scan") as caught:
        build_question(body, "vol.value", ["liver"], usual=lambda key: [Usual(LIVER_ML, 0.05, "of 40 scans")])
    assert caught.value.rule == "P1"
    assert build_question(body, "volest.absolute", ["liver"], usual=lambda key: [VOLUMES]).is_open


def test_a_value_that_few_have_is_asked_and_says_against_what(body: CaseGeometry) -> None:
    known = Usual(LIVER_ML, 0.5, "of 40 scans")
    made, refused = [], []
    for seed in range(30):
        try:
            made.append(build_question(body, "vol.value", ["liver"], seed=seed, usual=lambda key: [known]))
        except UndecidableError as error:
            refused.append(error)
    assert {error.rule for error in refused} == {"P1"}
    assert all("too usual (of 40 scans)" in error.reason for error in refused)
    assert 5 < len(made) < 30
    assert made[0].provenance["usual"] == [known.to_dict()]
    assert build_question(body, "vol.value", ["liver"]).provenance.get("usual") is None


def test_a_quarter_in_which_nobody_has_it_is_no_option(body: CaseGeometry) -> None:
    seldom = [Usual(0.37, 0.1, "of 40 scans")]
    with pytest.raises(UndecidableError, match="aren't asked"):
        build_question(body, "dir.quarter", ["spleen"], params={"axis": "AP"}, usual=lambda key: seldom)


def test_shares_add_up_and_the_larger_wins_more_often() -> None:
    edges = [0.0, 200.0, 300.0, 420.0, math.inf]
    shares = [VOLUMES.share(low, high) for low, high in pairwise(edges)]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] + shares[1] == pytest.approx(0.5)
    alike = winners([VOLUMES] * 4)
    assert alike == pytest.approx([0.25] * 4)
    larger = Usual(450.0, 0.20, "")
    first, second = winners([larger, VOLUMES])
    # The difference of two normal logarithms: Φ(ln 1.5 / (0.2 √2)).
    assert first == pytest.approx(0.9241, abs=1e-3)
    assert winners([larger, VOLUMES], least=True) == pytest.approx((second, first))


def test_a_side_and_its_opposite_change_places_with_the_structures() -> None:
    offset = Usual(12.0, 8.0, "", linear=True)
    above, below = offset.sides(5.0)
    assert above == pytest.approx(0.8092, abs=1e-3)  # Φ(7/8)
    assert below == pytest.approx(0.0168, abs=1e-3)  # Φ(−17/8)
    assert offset.inverse().sides(5.0) == pytest.approx((below, above))
    assert Usual(2.0, 0.3, "").inverse().centre == pytest.approx(0.5)


def test_with_few_degrees_of_freedom_more_are_near_the_centre_and_far_off() -> None:
    near, far = (250.0, 350.0), (600.0, math.inf)
    peaked = Usual(300.0, 0.20, "", freedom=5.0)
    assert peaked.share(*near) > VOLUMES.share(*near)
    assert peaked.share(*far) > VOLUMES.share(*far)
    assert peaked.density(300.0) / peaked.density(400.0) > VOLUMES.density(300.0) / VOLUMES.density(400.0)


def test_letters_are_those_of_the_rising_numbers(body: CaseGeometry) -> None:
    known = Usual(LIVER_ML, 0.8, "of 40 scans")
    for seed in range(12):
        try:
            question = build_question(body, "vol.interval", ["liver"], seed=seed, usual=lambda key: [known])
        except UndecidableError:
            continue
        assert option_for(question, float(str(question.truth))) == LETTERS.index(question.answer)
