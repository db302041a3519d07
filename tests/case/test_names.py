"""Names tables: shipped, from files of every program, and guessed with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_spatialmed.case import CaseError, guess_names, load_names, make_case, name_tables, open_case

Save = Callable[..., Path]


@pytest.mark.parametrize(
    ("alias", "label", "name", "concept", "side"),
    [
        ("totalsegmentator", 2, "kidney_right", "kidney", "right"),
        ("total", 5, "liver", "liver", None),
        ("TotalSegmentator-MR", 10, "lung_left", "lung", "left"),
        ("totalsegmentator_v1", 7, "aorta", "aorta", None),
        ("totalsegmentator-v3", 26, "vertebrae_L6", "vertebrae_L6", None),
        ("totalsegmentator-liver-vessels", 2, "liver_tumor", "liver_tumor", None),
        ("msd-liver", 2, "cancer", "liver_tumor", None),
        ("msd_pancreas", 2, "cancer", "pancreas_tumor", None),
        ("msd-hippocampus", 1, "Anterior", "hippocampus_anterior", None),
        ("Task08_HepaticVessel", 1, "Vessel", "hepatic_vessels", None),
        ("brats", 4, "enhancing tumor", "enhancing_tumor", None),
        ("brats2015", 3, "non-enhancing tumor", "non_enhancing_tumor_core", None),
        ("brats2023", 3, "enhancing tumor", "enhancing_tumor", None),
        ("amos", 9, "postcava", "inferior_vena_cava", None),
        ("amos22", 14, "bladder", "urinary_bladder", None),
        ("kits19", 2, "tumor", "kidney_tumor", None),
        ("kits", 3, "cyst", "kidney_cyst", None),
        ("btcv", 13, "left adrenal gland", "adrenal_gland", "left"),
        ("flare", 13, "left kidney", "kidney", "left"),
        ("abdomenatlas", 2, "gall_bladder", "gallbladder", None),
        ("abdomenct1k", 2, "kidney", "kidneys", None),
        ("ct-org", 5, "bone", "bone", None),
        ("verse", 20, "vertebrae L1", "vertebrae_L1", None),
        ("tptbox", 120, "disc below vertebrae L1", "disc_below_vertebrae_l1", None),
        ("cip", 9, "left upper third", "lung_upper_third", "left"),
        ("cip", 9 + 256 * 3, "vessel in left upper third", "vessel_in_upper_third", "left"),
        ("aal", 37, "Hippocampus_L", "hippocampus", "left"),
        ("desikan-killiany", 17, "Left-Hippocampus", "hippocampus", "left"),
        ("vista3d", 26, "hepatic tumor", "liver_tumor", None),
    ],
)
def test_every_data_set_by_its_usual_name(
    alias: str, label: int, name: str, concept: str, side: str | None
) -> None:
    structure = load_names(alias).structure(label)
    assert structure is not None
    assert (structure.name, structure.concept, structure.side) == (name, concept, side)


def test_every_shipped_table_says_where_it_comes_from() -> None:
    tables = name_tables()
    assert len(tables) > 80
    words: dict[str, str] = {}
    for table in tables.values():
        assert table.source
        assert 0 not in table.names
        assert len(set(table.names.values())) > len(table.names) * 0.8
        for word in table.aliases:
            assert words.setdefault(word, table.id) == table.id, f"{word} means two tables"


def test_an_unknown_table_lists_near_ones() -> None:
    with pytest.raises(CaseError, match=r"no names table is called 'totalsegmentor'.*totalsegmentator"):
        load_names("totalsegmentor")
    with pytest.raises(CaseError, match=r"Near:.*msd-liver"):
        load_names("msd liver2")
    with pytest.raises(CaseError, match="doctor --names"):
        load_names("xyzzy")
    with pytest.raises(CaseError, match="no such names file"):
        load_names("folder/names.csv")


FILES = {
    "plain.json": '{"1": "liver", "2": "left kidney"}',
    "turned.json": '{"background": 0, "liver": 1, "left kidney": 2}',
    "nnunet.json": '{"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 1, "left kidney": 2}}',
    "msd.json": '{"name": "x", "modality": {"0": "CT"}, "labels": {"0": "background", "1": "liver", "2": "left kidney"}, "training": []}',
    "list.json": '["background", "liver", "left kidney"]',
    "list_from_1.json": '["liver", "left kidney"]',
    "records.json": '[{"label": 1, "name": "liver", "color": [255, 0, 0]}, {"label": 2, "name": "left kidney"}]',
    "keyed.json": '{"labels": {"1": {"name": "liver", "rgb": [255, 0, 0]}, "2": {"name": "left kidney"}}}',
    "regions.json": '{"labels": {"background": 0, "whole": [1, 2], "liver": 1, "left kidney": 2}}',
    "comma.csv": "label,name\n1,liver\n2,left kidney\n",
    "colours.csv": "index,name,r,g,b\n0,background,0,0,0\n1,liver,255,0,0\n2,left kidney,0,0,255\n",
    "semicolon.csv": "ID;Structure\n1;liver\n2;left kidney\n",
    "tabs.tsv": "Label\tName\n1\tliver\n2\tleft kidney\n",
    "no_head.csv": "1,liver\n2,left kidney\n",
    "itksnap.label": '# ITK-SnAP Label Description File\n    0     0    0    0        0  0  0    "Clear Label"\n    1   255    0    0        1  1  1    "liver"\n    2     0    0  255      0.5  1  1    "left kidney"\n',
    "itksnap.txt": '    1   255    0    0        1  1  1    "liver"\n    2     0    0  255        1  1  1    "left kidney"\n',
    "slicer.ctbl": "# Color table file\n0 background 0 0 0 0\n1 liver 255 0 0 255\n2 left kidney 0 0 255 255\n",
    "mricron.nii.txt": "1 liver 2001\n2 left kidney 2002\n",
    "freesurfer.txt": "#No. Label Name: R G B A\n1 liver 255 0 0 0\n2 left kidney 0 0 255 0\n",
    "bom.json": '\ufeff{"1": "liver", "2": "left kidney"}',
}


@pytest.mark.parametrize("name", FILES)
def test_names_files_of_every_program(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FILES[name], encoding="utf-8")
    table = load_names(path)
    liver = table.structure(1)
    assert dict(table.names) == {1: "liver", 2: "left kidney"}
    assert liver is not None
    assert liver.color == (
        (255, 0, 0) if "255" in FILES[name] else load_names({1: "liver"}).structure(1).color
    )  # type: ignore[union-attr]
    assert table.path == path


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("n.json", '{"1": "liver",}', "broken at line 1"),
        ("n.json", "{}", "names no label"),
        ("n.json", '{"labels": {"liver": "spleen"}}', "isn't a label with a name"),
        ("n.json", '{"a": 1, "b": 1}', "label 1 has two names"),
        ("n.json", '{"liver": -3}', "negative"),
        ("n.json", "[[1, 2]]", "names"),
        ("n.json", "[" * 100_000, "no names"),
        ("n.json", '{"a": ' + "9" * 5000 + "}", "no names"),
        ("n.json", '[{"label": "²", "name": "x"}]', "no label and name"),
        ("n.csv", "label,name\n99999999999999999999,liver\n", "larger than a voxel can hold"),
        ("n.csv", 'label,name\n1,"' + "x" * 200_000 + '"', "can't be read as a table"),
        ("n.csv", "", "empty"),
        ("n.csv", "a,b\nx,y\n", "no columns for label and name"),
        ("n.csv", "label,name\n1.5,liver\n", "row 1 has no whole number"),
        ("n.csv", "label,name\n1,liver\n1,spleen\n", "label 1 occurs twice"),
        ("n.txt", "this is prose\n", "line 1 holds no label with a name"),
        ("n.txt", "", "names no label"),
        ("n.bin", "\0\1\2", "no text file"),
    ],
)
def test_a_broken_names_file_says_where(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(CaseError, match=said) as caught:
        load_names(path)
    assert name in str(caught.value)


def test_hostile_names_are_tamed() -> None:
    table = load_names({1: "<b>liver</b>\n\x07  \u202ereversed", 2: "x" * 500, 3: "dup", 4: "dup"})
    assert table.names[1] == "<b>liver</b> reversed"
    assert len(table.names[2]) == 80
    assert (table.names[3], table.names[4]) == ("dup_3", "dup_4")


def test_labels_without_a_name_keep_their_number(blocks: NDArray[np.uint8]) -> None:
    case = make_case(blocks, np.eye(4), names={1: "liver", 2: "spleen"})
    assert case.names == {1: "liver", 2: "spleen", 5: "label_5"}
    assert case["label_5"].title == "label 5"
    assert any("no name for 1 of 3 labels: label_5" in n for n in case.provenance.notes)


class TestGuessing:
    def test_a_file_beside_the_labels(self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path) -> None:
        path = save("seg.nii.gz", blocks)
        (tmp_path / "seg.json").write_text(
            json.dumps({"Modality": "CT", "EchoTime": 3})
        )  # a sidecar without names
        assert open_case(path).provenance.names == "none"
        (tmp_path / "names.csv").write_text("label,name\n1,liver\n2,spleen\n5,aorta\n")
        case = open_case(path)
        assert case.names == {1: "liver", 2: "spleen", 5: "aorta"}
        assert case.provenance.names_reason == "names.csv lies beside the labels"
        assert case.provenance.names_path == tmp_path / "names.csv"

    def test_the_decathlons_dataset_file(self, save: Save, blocks: NDArray[np.uint8], tmp_path: Path) -> None:
        path = save("Task99_Thing/labelsTr/thing_001.nii.gz", (blocks > 0).astype(np.uint8))
        (tmp_path / "Task99_Thing/dataset.json").write_text('{"labels": {"0": "background", "1": "thing"}}')
        assert open_case(path).names == {1: "thing"}

    @pytest.mark.parametrize(
        ("path", "labels", "table"),
        [
            ("data/amos_0013.nii.gz", range(1, 16), "amos"),
            ("kits19/case_00004/segmentation.nii.gz", [1, 2], "kits19"),
            ("MSD/Task03_Liver/labelsTr/liver_3.nii.gz", [1, 2], "msd_liver"),
            ("BraTS2021_00000/BraTS2021_00000_seg.nii.gz", [1, 2, 4], "brats2021"),
            ("BraTS2015/pat1/OTMultiClass.nii.gz", [1, 2, 3, 4], "brats2015"),
            ("sub-verse004/seg.nii.gz", range(16, 25), "verse"),
            ("case1/seg_total.nii.gz", range(1, 117), "totalsegmentator_total"),
            ("case1/seg_total_mr.nii.gz", range(1, 30), "totalsegmentator_total_mr"),
        ],
    )
    def test_words_of_the_path(self, path: str, labels: range, table: str) -> None:
        found, reason = guess_names(labels, Path(path))
        assert found is not None
        assert found.id == table
        assert "path" in reason

    @pytest.mark.parametrize(
        ("path", "labels"),
        [
            ("amos_0013.nii.gz", [1, 40]),  # the table doesn't know 40
            ("brats2015/brainmask.nii.gz", [1]),  # one mask among many may be anything
            ("seg.nii.gz", [1, 2]),
            ("seg.nii.gz", range(1, 14)),
            ("total.nii.gz", [1, 2, 3]),
        ],
    )
    def test_no_guess_where_several_fit(self, path: str, labels: range) -> None:
        found, reason = guess_names(labels, Path(path))
        assert found is None
        assert "choose" in reason

    @pytest.mark.parametrize(
        ("labels", "modality", "table"),
        [
            (list(range(1, 118)), "CT", "totalsegmentator_total"),
            ([1, 2, 4], "MR", "brats2021"),
            ([9, 10, 11, 12, 13, 14, 521, 777], "CT", "cip"),
        ],
    )
    def test_labels_that_tell_by_themselves(self, labels: list[int], modality: str, table: str) -> None:
        found, reason = guess_names(labels, Path("x.nii.gz"), modality)  # type: ignore[arg-type]
        assert found is not None
        assert found.id == table
        assert reason
