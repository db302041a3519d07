"""A folder that the Hugging Face `datasets` library loads offline, with a card and a Croissant description.

Parquet by pyarrow, the card by huggingface_hub, Croissant by mlcroissant; they come with the extra `export`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_spatialmed.benchmark.agreement import Agreement
from napari_spatialmed.benchmark.errors import BenchmarkError
from napari_spatialmed.benchmark.events import Event
from napari_spatialmed.benchmark.export.card import by_split, card_body, title_of
from napari_spatialmed.benchmark.export.folder import sha256_of, write_files, write_text
from napari_spatialmed.benchmark.export.items import Items
from napari_spatialmed.benchmark.funnel import Funnel
from napari_spatialmed.benchmark.state import State
from napari_spatialmed.questions import Audit

LIST_COLUMNS = ("structures", "options", "rules", "pictures", "pictures_sha256")
NUMBER_COLUMNS = ("revision", "uncertainty")
NEEDS = "The Hugging Face export needs more packages: pip install 'napari-spatialmed[export]'."


def write_huggingface(
    folder: Path,
    state: State,
    items: Items,
    funnel: Funnel,
    agreed: Agreement,
    audited: Audit,
    *,
    license: str | None,
    recomputed: int | None,
) -> None:
    """Write data, card, Croissant file, reports and pictures.

    Raises
    ------
    BenchmarkError
        If a package of the extra `export` is missing, or no question is kept.
    """
    try:
        import mlcroissant
        import pyarrow.parquet
        from huggingface_hub import DatasetCard, DatasetCardData
    except ImportError as error:
        raise BenchmarkError(f"the package {error.name} is missing", hint=NEEDS) from error
    if not items.kept:
        raise BenchmarkError(
            "no question is kept yet, so there is nothing to publish",
            hint="`spatialmed stats` says what they wait for.",
        )
    files: dict[str, Path] = {}
    for split, rows in by_split(items.kept).items():
        files[split] = folder / "data" / f"{split}.parquet"
        _write_parquet(pyarrow, files[split], rows)
    aside = folder / "set_aside" / "set_aside.parquet"
    _write_parquet(pyarrow, aside, items.set_aside)
    write_files(folder, items.pictures)
    write_text(
        folder / "reports" / "funnel.json", json.dumps(funnel.to_dict(), indent=1, ensure_ascii=False) + "\n"
    )
    write_text(
        folder / "reports" / "agreement.json",
        json.dumps(agreed.to_dict(), indent=1, ensure_ascii=False) + "\n",
    )
    write_text(
        folder / "reports" / "audit.json", json.dumps(audited.to_dict(), indent=1, ensure_ascii=False) + "\n"
    )
    data = DatasetCardData(
        license=license,
        pretty_name=title_of(state),
        task_categories=["visual-question-answering"],
        tags=["medical", "spatial-reasoning", "napari-spatialmed"],
        size_categories=[_size(len(items.kept))],
        configs=[
            {
                "config_name": "questions",
                "default": True,
                "data_files": [{"split": s, "path": f"data/{s}.parquet"} for s in files],
            },
            {
                "config_name": "set_aside",
                "data_files": [{"split": "set_aside", "path": "set_aside/set_aside.parquet"}],
            },
        ],
    )
    body = card_body(state, items, funnel, agreed, audited, recomputed)
    card = DatasetCard(f"---\n{data.to_yaml(line_break=chr(10))}\n---\n\n{body}")
    write_text(folder / "README.md", str(card))
    croissant = _croissant(mlcroissant, folder, files, state.title, state.events[-1], license)
    write_text(
        folder / "croissant.json", json.dumps(croissant, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    )


def _schema(pyarrow: Any, names: Sequence[str]) -> Any:
    text = pyarrow.string()
    review = pyarrow.struct(
        [("reviewer", text), ("score", pyarrow.int8()), ("reasons", pyarrow.list_(text)), ("comment", text)]
    )
    types = {name: pyarrow.list_(text) for name in LIST_COLUMNS}
    types |= {"reviews": pyarrow.list_(review), "revision": pyarrow.int32(), "uncertainty": pyarrow.float64()}
    return pyarrow.schema([(name, types.get(name, text)) for name in names])


SET_ASIDE_COLUMNS = (
    "id", "case", "patient", "modality", "task", "form", "stem", "answer", "answer_text", "truth", "unit", "status", "key",
    "evidence", "label_sha256", "segmentation", "rationale", "provenance", "structures", "options", "uncertainty", "revision",
    "rules", "reviews", "reason",
)  # fmt: skip


def _write_parquet(pyarrow: Any, path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(rows[0]) if rows else list(SET_ASIDE_COLUMNS)
    table = pyarrow.Table.from_pylist([dict(row) for row in rows], schema=_schema(pyarrow, names))
    pyarrow.parquet.write_table(table, path, compression="zstd")


def _size(count: int) -> str:
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")):
        if count < limit:
            return name
    return "100K<n<1M"


def _croissant(
    mlc: Any, folder: Path, files: Mapping[str, Path], title: str, last: Event, license: str | None
) -> dict[str, Any]:
    distribution = [
        mlc.FileObject(
            id=path.name,
            name=path.name,
            content_url=path.relative_to(folder).as_posix(),
            encoding_formats=["application/x-parquet"],
            sha256=sha256_of(path),
        )
        for path in files.values()
    ]
    record_sets = [
        mlc.RecordSet(
            id=split,
            name=split,
            description=f"The kept questions of the split {split}.",
            fields=[_field(mlc, split, path.name, name) for name in CROISSANT_COLUMNS],
        )
        for split, path in files.items()
    ]
    metadata = mlc.Metadata(
        name=re.sub(r"[^A-Za-z0-9_-]+", "-", title).strip("-") or "spatial-questions",
        description="Spatial questions about labelled CT and MR scans, with answers that can be recomputed from the labels.",
        license=license,
        version="1.0.0",
        date_published=last.time[:10],
        distribution=distribution,
        record_sets=record_sets,
    )
    result: dict[str, Any] = metadata.to_json()
    return result


CROISSANT_COLUMNS = (
    "id", "case", "patient", "modality", "task", "form", "structures", "stem", "options", "answer", "answer_text", "truth",
    "unit", "uncertainty", "key", "label_sha256",
)  # fmt: skip


def _field(mlc: Any, split: str, file: str, name: str) -> Any:
    return mlc.Field(
        id=f"{split}/{name}",
        name=name,
        description=DESCRIPTIONS[name],
        data_types=mlc.DataType.FLOAT if name in NUMBER_COLUMNS else mlc.DataType.TEXT,
        repeated=name in LIST_COLUMNS or None,
        source=mlc.Source(file_object=file, extract=mlc.Extract(column=name)),
    )


DESCRIPTIONS: Mapping[str, str] = {
    "id": "The question's id.",
    "case": "The scan's id: a hash, never a path.",
    "patient": "Scans of one patient share it; splits never divide it.",
    "modality": "CT, MR, PET, US or unknown.",
    "task": "DIR, DIST, EXT, VOL, COMP, VOLEST or one of the further tasks.",
    "form": "The question's shape inside its task.",
    "structures": "Names of the structures asked about.",
    "stem": "The question.",
    "options": "In the order shown; empty where a number is asked for.",
    "answer": "The right option's letter, or the number.",
    "answer_text": "The right option's text, or the number with its unit.",
    "truth": "What the answer key evaluates to, as JSON.",
    "unit": "Unit of the truth and of a numeric answer.",
    "uncertainty": "How much one voxel at the boundary changes the truth, in its unit.",
    "key": "The executable answer key, as JSON.",
    "label_sha256": "Hash of the label map that the answer was computed from.",
}
