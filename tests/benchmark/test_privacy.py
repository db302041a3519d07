"""No path, no key and no patient's name reaches the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_spatialmed.benchmark import Benchmark, BenchmarkError
from napari_spatialmed.benchmark.privacy import table_name
from napari_spatialmed.case import make_case


def test_a_registered_case_tells_nothing_of_where_it_came_from(anna: Benchmark, tmp_path: Path) -> None:
    labels = np.zeros((12, 12, 12), np.uint8)
    labels[3:9, 3:9, 3:9] = 1
    case = make_case(labels, np.diag([1.0, 1.0, 2.0, 1.0]), names={1: "liver"}, modality="CT")
    case.provenance = replace(
        case.provenance,
        labels_path=tmp_path / "DOE_JOHN" / "labels.nii.gz",
        image_path=tmp_path / "DOE_JOHN" / "ct.nii.gz",
        names="/home/me/DOE_JOHN/names.json",
        notes=("read from DOE_JOHN",),
    )
    event = anna.register_case(case, volumes_ml={"liver": 0.432})
    assert event is not None
    written = anna.path.read_text("utf-8")
    assert "DOE_JOHN" not in written
    assert str(tmp_path) not in written
    record = anna.state.cases[case.id]
    assert (record.names, record.patient, record.structures[0].volume_ml) == ("custom", case.id, 0.432)
    assert anna.register_case(case, volumes_ml={"liver": 0.432}) is None, "it stands there already"


@pytest.mark.parametrize("names", ["/a/b.json", "C:\\x\\doe.csv", "doe.label", "sub/doe"])
def test_a_names_table_of_ones_own_is_called_custom(names: str) -> None:
    assert table_name(names) == "custom"
    assert table_name("totalsegmentator_total") == "totalsegmentator_total"


@pytest.mark.parametrize(
    "secret", ["sk-CANARY1234567890abcdef", "Bearer CANARY1234567890", "hf_CANARYabcdefghijklmnopq"]
)
def test_a_canary_key_never_reaches_a_response_or_run(anna: Benchmark, secret: str) -> None:
    for record in (anna.record_response, anna.record_run):
        with pytest.raises(BenchmarkError, match="API key") as error:
            record({"model": "m", "error": f"401 for {secret}"})
        assert "CANARY" not in str(error.value)
    assert "CANARY" not in anna.path.read_text("utf-8")
