"""What the other scans of a collection tell of this one, and that it is kept with the benchmark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.agents import TeamSettings, propose
from napari_spatialmed.agents.building import Built, Finish, Job, build
from napari_spatialmed.agents.usual_values import Collection, Figures, figures_of, usual_numbers
from napari_spatialmed.case import CaseFiles, make_case
from napari_spatialmed.geometry import CaseGeometry, measure
from napari_spatialmed.questions import AnswerKey, recompute
from napari_spatialmed.questions.answering import form_of

from .conftest import build_case


def key(form: str, *structures: str, **params: str) -> AnswerKey:
    task = form_of(form).task
    return AnswerKey(
        task=task, form=form, structures=structures, params=dict(params), unit="", calculators_version="1"
    )


def larger(figures: Figures, factor: float) -> Figures:
    """A patient who is that much larger, in everything."""
    powers = {"ml": 3, "at RL": 0, "at AP": 0, "at SI": 0}
    return {s: {k: v * factor ** powers.get(k, 1) for k, v in own.items()} for s, own in figures.items()}


@pytest.fixture
def figures(geometry: CaseGeometry) -> Figures:
    return figures_of(geometry)


@pytest.fixture
def patients(figures: Figures) -> Collection:
    collection = Collection()
    for number, factor in enumerate((1.0, 0.8, 0.9, 1.1, 1.25, 0.85, 1.15)):
        collection.add(f"patient {number}", larger(figures, factor))
    return collection


def test_others_tell_the_geometric_mean_and_nothing_of_oneself(
    patients: Collection, geometry: CaseGeometry, figures: Figures
) -> None:
    others = (0.8, 0.9, 1.1, 1.25, 0.85, 1.15)
    mean = math.exp(sum(map(math.log, others)) / 6)
    known = patients.known_to("patient 0")
    (volume,) = usual_numbers(known, geometry.case, key("vol.value", "liver"))
    assert volume.centre == pytest.approx(figures["liver:"]["ml"] * mean**3)
    assert volume.basis == "of 6 other scans"
    (length,) = usual_numbers(known, geometry.case, key("ext.axis_value", "spleen", axis="SI"))
    assert length.centre == pytest.approx(measure(geometry, "extent_mm", "spleen").value["SI"] * mean)
    assert 0.10 < length.spread < 0.25
    (distance,) = usual_numbers(known, geometry.case, key("dist.centre_value", "spleen", "liver"))
    apart = measure(geometry, "centre_distance_mm", "spleen", "liver").value
    assert distance.centre == pytest.approx(apart * mean, rel=1e-5)


def test_a_ratio_is_known_either_way_round(patients: Collection, geometry: CaseGeometry) -> None:
    known = patients.known_to("patient 0")
    pair = ("kidney_right", "kidney_left")
    (ratio,) = usual_numbers(known, geometry.case, key("comp.ratio", *pair))
    (inverse,) = usual_numbers(known, geometry.case, key("comp.ratio", *pair[::-1]))
    assert ratio.centre * inverse.centre == pytest.approx(1.0)


def test_surfaces_sides_and_directions_are_known_too(
    patients: Collection, geometry: CaseGeometry, figures: Figures
) -> None:
    known = patients.known_to("patient 0")
    (surface,) = usual_numbers(known, geometry.case, key("dist.surface_value", "spleen", "liver"))
    exact = measure(geometry, "surface_distance_mm", "spleen", "liver").value
    plain_mean = sum((0.8, 0.9, 1.1, 1.25, 0.85, 1.15)) / 6
    assert surface.centre == pytest.approx(exact * plain_mean, rel=1e-5)
    assert surface.linear
    nearest = key("dist.nearest", "aorta", "spleen", "liver", "pancreas", between="surfaces")
    assert len(usual_numbers(known, geometry.case, nearest)) == 3

    (towards,) = usual_numbers(known, geometry.case, key("dir.axis", "spleen", "liver", axis="RL"))
    spleen, liver = (measure(geometry, "centroid_ras_mm", name).value[0] for name in ("spleen", "liver"))
    assert towards.linear
    assert towards.centre == pytest.approx((spleen - liver) * plain_mean, rel=1e-5)
    (back,) = usual_numbers(known, geometry.case, key("dir.axis", "liver", "spleen", axis="RL"))
    assert back.centre == -towards.centre
    plane = key("dir.quadrant", "spleen", "liver", plane="coronal")
    assert usual_numbers(known, geometry.case, plane)[1] == towards, "superior–inferior, then right–left"
    (side,) = usual_numbers(known, geometry.case, key("dir.side", "pancreas"))
    offset = measure(geometry, "laterality", "pancreas").detail["offset_mm"]
    assert side.centre == pytest.approx(offset * plain_mean, rel=1e-5)


def test_of_what_the_border_cuts_only_surfaces_are_known() -> None:
    whole = build_case()
    cut = make_case(whole.labels[:-6], whole.affine, names={s.name: s.label for s in whole}, modality="CT")
    figures = figures_of(CaseGeometry(cut))
    assert all(figure.startswith("to ") for figure in figures["urinary_bladder:"])
    assert "to stomach:" in figures["urinary_bladder:"]
    assert "ml" in figures["stomach:"]


def test_scans_that_differ_much_in_a_few_patients_are_no_normal_distribution(figures: Figures) -> None:
    alike, apart = Collection(), Collection()
    for number in range(40):
        little = 1.0 + 0.002 * (number - 20)
        alike.add(f"{number}", larger(figures, little))
        apart.add(f"{number}", larger(figures, 1.6 if number == 7 else 0.6 if number == 8 else little))
    length = ("ext.axis", "spleen:", "SI")
    assert alike.known_to("0")[length].freedom == pytest.approx(42)  # that of an unknown spread
    assert 4 < apart.known_to("0")[length].freedom < 5


def test_what_nobody_else_has_is_known_from_publications_or_not_at_all(geometry: CaseGeometry) -> None:
    (liver,) = usual_numbers({}, geometry.case, key("vol.value", "liver"))
    # The 95 % interval of 2,989 donors, 824.5 to 1,700 mL (Kim 2021).
    assert (liver.centre, liver.spread) == (pytest.approx(1183.9, abs=0.1), pytest.approx(0.185, abs=0.001))
    assert "Kim" in liver.basis
    assert usual_numbers({}, geometry.case, key("ext.axis_value", "liver", axis="SI")) == ()
    assert usual_numbers({}, geometry.case, key("dir.axis", "liver", "spleen", axis="SI")) == ()


def test_the_team_asks_less_of_what_others_tell_and_still_finds_enough(
    patients: Collection, geometry: CaseGeometry
) -> None:
    result = propose(geometry, count=12, seed=1, known=patients.known_to("patient 0"))
    assert result.funnel.by_rule["P1"] > 0
    assert len(result.accepted) >= 9, "of one body in seven sizes, in which no direction differs"
    assert all(recompute(p.question, geometry).matches for p in result.accepted if p.question)


def test_scans_are_measured_once_and_tell_later_ones(figures: Figures, tmp_path: Path) -> None:
    measured: list[str] = []
    told: dict[str, int] = {}

    def run(jobs: Sequence[Job], finish: Finish) -> None:
        for job in jobs:
            name = job.files.labels.name
            if job.only_measure:
                measured.append(name)
                finish(job, Built(case=f"case-{name}", figures=figures))
            else:
                told[name] = len(job.known)
                finish(job, Built(error="enough for this test"))

    book = benchmark.create(tmp_path / "b.spatialmed.jsonl", actor="test")
    jobs = [
        Job(CaseFiles(tmp_path / name, key=name), None, 1, 1, None, TeamSettings())
        for name in ("a", "b", "c")
    ]
    build(book, jobs[:1], run)
    assert (measured, told) == (["a"], {"a": 0})
    build(benchmark.open(book.path, actor="test"), jobs, run)
    assert measured == ["a", "b", "c"]
    assert min(told.values()) > 0
    assert str(tmp_path) not in book.path.read_text()
