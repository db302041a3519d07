"""`spatialmed measure`: one case to the terminal or as JSON, many cases into a table."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from napari_spatialmed.case import Case, Structure, discover
from napari_spatialmed.cli import EXIT_PARTLY_DONE
from napari_spatialmed.cli.cases import load_case
from napari_spatialmed.cli.outputs import Output
from napari_spatialmed.geometry import CALCULATORS, CALCULATORS_VERSION, CaseGeometry, Measurement, measure
from napari_spatialmed.geometry.batch import measure_many, table_calculators
from napari_spatialmed.geometry.registry import UnknownCalculatorError

BASIC_STRUCTURE = ("voxels", "volume_ml", "centroid_ras_mm", "extent_mm", "touches_border", "components")
BASIC_PAIR = ("centre_distance_mm", "surface_distance_mm", "direction")
OF_A_LESION = ("host", "lesion_burden_percent")
FROM_THE_FIRST = ("nearest", "farthest")


@click.command(name="measure")
@click.argument("labels", required=False, type=click.Path(path_type=Path))
@click.option("--image", type=click.Path(path_type=Path), help="The scan the labels belong to.")
@click.option(
    "--names", help="Names table: one of `spatialmed doctor --names`, or a JSON, CSV or ITK-SNAP file."
)
@click.option(
    "--structures",
    help="Names, separated by commas; all structures if not given. With --cases, one that a case lacks gets a row that says so.",
)
@click.option("--pairs", help="Pairs a:b, separated by commas, or all.")
@click.option("--calculators", help="Further calculators, separated by commas, or all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option("--cases", help="Measure many cases: a folder or a pattern of label maps, in place of LABELS.")
@click.option(
    "--out",
    type=Output(),
    help="With --cases: the table to write (.parquet, .csv, .jsonl).",
)
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="With --cases: processes."
)
@click.option("--scheduler", help="With --cases: address of a Dask scheduler, e.g. tcp://host:8786.")
def measure_command(
    labels: Path | None,
    image: Path | None,
    names: str | None,
    structures: str | None,
    pairs: str | None,
    calculators: str | None,
    as_json: bool,
    cases: str | None,
    out: Path | None,
    workers: int,
    scheduler: str | None,
) -> None:
    """Measure structures and pairs of structures of a labelled scan.

    Every number carries its uncertainty: how much one voxel at the boundary changes it.  For research; not a medical
    device.
    """
    chosen = _listed(structures)
    further = _calculators(calculators)
    if cases is None:
        if labels is None:
            raise click.UsageError("Name a label map, or many with --cases.")
        if out is not None or scheduler is not None or workers != 1:
            raise click.UsageError("--out, --workers and --scheduler go with --cases.")
        wanted = _pairs(pairs)
        case = load_case(labels, image, names)
        found = _measure(case, chosen, wanted, further)
        click.echo(json.dumps(found, indent=2, allow_nan=False) if as_json else _as_tables(case, found))
        return
    if labels is not None or image is not None or pairs is not None or as_json:
        raise click.UsageError("--cases takes no LABELS, --image, --pairs or --json.")
    if out is None:
        raise click.UsageError("--cases needs --out.")
    _measure_many(cases, out, names, chosen, further, workers, scheduler)


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _calculators(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    if text.strip() == "all":
        return tuple(name for name, c in CALCULATORS.items() if c.scope != "case")
    found = _listed(text)
    for name in found:
        if name not in CALCULATORS:
            raise UnknownCalculatorError(
                f"no calculator {name!r}", hint=f"There are: {', '.join(sorted(CALCULATORS))}."
            )
    return tuple(found)


def _pairs(text: str | None) -> list[tuple[str, str]] | None:
    """Pairs of names; None for all."""
    if text is not None and text.strip() == "all":
        return None
    pairs = []
    for part in _listed(text):
        a, colon, b = part.partition(":")
        if not colon or not a.strip() or not b.strip():
            raise click.UsageError(f"A pair is written a:b, not {part!r}.")
        pairs.append((a.strip(), b.strip()))
    return pairs


def _measure(
    case: Case, chosen: Sequence[str], pairs: list[tuple[str, str]] | None, further: Sequence[str]
) -> dict[str, Any]:
    selected = case.select(chosen) if chosen else case.structures
    by_name = [(case[a].name, case[b].name) for a, b in pairs or []]
    if pairs is None:
        by_name = list(itertools.combinations([s.name for s in selected], 2))
    geometry = CaseGeometry(case, keep=True)
    if len(selected) > 20 and (further or pairs is None):
        geometry.prepare()
    own = (
        *BASIC_STRUCTURE,
        *(n for n in further if CALCULATORS[n].scope == "structure" and n not in BASIC_STRUCTURE),
    )
    mutual = (*BASIC_PAIR, *(n for n in further if CALCULATORS[n].scope == "pair" and n not in BASIC_PAIR))
    found: dict[str, Any] = {
        "case": _case(case),
        "structures": [
            {"label": s.label, "name": s.name, **_row([measure(geometry, n, s.name) for n in own])}
            for s in selected
        ],
        "pairs": [{"a": a, "b": b, **_row([measure(geometry, n, a, b) for n in mutual])} for a, b in by_name],
    }
    whole = [n for n in further if CALCULATORS[n].scope == "case"]
    if whole:
        found["measurements"] = [
            m.to_dict() for n in whole for m in _of_case(geometry, n, selected, bool(chosen))
        ]
    geometry.save()
    return found


def _of_case(
    geometry: CaseGeometry, name: str, selected: Sequence[Structure], given: bool
) -> list[Measurement]:
    """A calculator of the whole case: of each lesion, of each pair of organs, or of the selection."""
    if name in OF_A_LESION:
        return [measure(geometry, name, s.name) for s in selected if s.kind == "lesion"]
    if name == "asymmetry_percent":
        right = [s for s in selected if s.side == "right" and geometry.other_side(s) is not None]
        return [measure(geometry, name, s.name) for s in right]
    if name in FROM_THE_FIRST:
        names = [s.name for s in selected]
        return (
            [measure(geometry, name, *names)]
            if given and len(names) > 1
            else [measure(geometry, name, n) for n in names]
        )
    lesions = [s.name for s in selected if s.kind == "lesion"]
    return [measure(geometry, name, *(lesions if name == "lesion_count" else [s.name for s in selected]))]


def _row(measured: Sequence[Measurement]) -> dict[str, Any]:
    row: dict[str, Any] = {m.calculator: m.value for m in measured}
    row["flags"] = sorted({flag for m in measured for flag in m.flags})
    row["uncertainty"] = {m.calculator: m.uncertainty for m in measured if m.uncertainty is not None}
    return row


def _case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "label_sha256": case.label_sha256(),
        "modality": case.modality,
        "names": case.provenance.names,
        "names_reason": case.provenance.names_reason,
        "segmentation": case.provenance.segmentation,
        "shape": [int(n) for n in case.labels.shape],
        "spacing_mm": [float(s) for s in case.spacing],
        "affine": [[float(v) for v in row] for row in case.affine],
        "voxel_ml": case.voxel_ml,
        "notes": list(case.provenance.notes),
        "calculators_version": CALCULATORS_VERSION,
    }


def _as_tables(case: Case, found: dict[str, Any]) -> str:
    """The same for reading: a table of structures, one of pairs, further calculators below."""
    lines = [f"{case.id} · {case.modality} · names: {case.provenance.names}", ""]
    head = ("structure", "mL", "voxels", "R, A, S of centroid (mm)", "RL × AP × SI (mm)", "pieces", "flags")
    rows = [
        (
            s["name"], f"{s['volume_ml']:.2f}", str(s["voxels"]),
            ", ".join(f"{v:.1f}" for v in s["centroid_ras_mm"]),
            " × ".join(f"{s['extent_mm'][axis]:.1f}" for axis in ("RL", "AP", "SI")),
            str(s["components"]), ", ".join(s["flags"]),
        )
        for s in found["structures"]
    ]  # fmt: skip
    lines += _columns([head, *rows])
    if found["pairs"]:
        head_of_pairs = ("a", "b", "centres (mm)", "surfaces (mm)", "a lies … of b")
        rows_of_pairs = [
            (
                p["a"], p["b"], f"{p['centre_distance_mm']:.1f}", f"{p['surface_distance_mm']:.1f}",
                ", ".join(word for word in p["direction"].values() if word) or "undecided",
            )
            for p in found["pairs"]
        ]  # fmt: skip
        lines += ["", *_columns([head_of_pairs, *rows_of_pairs])]
    known = {*BASIC_STRUCTURE, *BASIC_PAIR, "label", "name", "a", "b", "flags", "uncertainty"}
    for row in (*found["structures"], *found["pairs"]):
        extra = {key: value for key, value in row.items() if key not in known}
        if extra:
            lines += ["", row["name"] if "name" in row else f"{row['a']} : {row['b']}"]
            lines += [
                f"  {key} = {_shown(value)} {CALCULATORS[key].unit}".rstrip() for key, value in extra.items()
            ]
    for one in found.get("measurements", []):
        lines += [
            "",
            f"{one['calculator']} ({', '.join(one['structures'])}) = {_shown(one['value'])} {one['unit']}".rstrip(),
        ]
    lines += ["", "For research; not a medical device."]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return json.dumps(value) if isinstance(value, (list, dict)) else str(value)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _measure_many(
    cases: str,
    out: Path,
    names: str | None,
    chosen: Sequence[str],
    further: Sequence[str],
    workers: int,
    scheduler: str | None,
) -> None:
    found = discover(cases)

    def tell(done: int, total: int, key: str, problem: str | None) -> None:
        click.echo(f"{done}/{total} {key}" + (f": {problem}" if problem else ""), err=True)

    outcome = measure_many(
        found, out, names=names, calculators=tuple(dict.fromkeys((*BASIC_STRUCTURE, *table_calculators(further)))),
        wanted=chosen, workers=workers, scheduler=scheduler, progress=tell,
    )  # fmt: skip
    resumed = f", {len(outcome.resumed)} from an earlier run" if outcome.resumed else ""
    for name, where in outcome.missing.items():
        click.echo(_absent(name, where, len(outcome.done) + len(outcome.resumed)), err=True)
    click.echo(f"{len(outcome.done)} measured{resumed}, {len(outcome.failed)} failed → {out}")
    if outcome.failed:
        sys.exit(EXIT_PARTLY_DONE)


def _absent(name: str, where: Sequence[str], total: int) -> str:
    if len(where) == total:
        return f"{name}: in none of the cases. `spatialmed measure LABELS` lists the structures of one."
    more = f" and {len(where) - 5} more" if len(where) > 5 else ""
    return f"{name}: not in {len(where)} of {total} cases: {', '.join(where[:5])}{more}"
