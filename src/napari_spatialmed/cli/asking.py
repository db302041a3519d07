"""`spatialmed ask`: one question to one model about one case."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from napari_spatialmed import benchmark as benchmarks
from napari_spatialmed.benchmark import BenchmarkError
from napari_spatialmed.case import CaseLibrary
from napari_spatialmed.cli import EXIT_PARTLY_DONE
from napari_spatialmed.cli.cases import case_options, load_case
from napari_spatialmed.cli.foreign import printable
from napari_spatialmed.cli.outputs import Output
from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.evaluation import ARMS, LAYOUTS, Arm, Layout, Response, View, render_view, view_for
from napari_spatialmed.evaluation.asking import SETTINGS, ask_freely, ask_question
from napari_spatialmed.evaluation.casesource import CaseSource
from napari_spatialmed.evaluation.prompts import rotations
from napari_spatialmed.evaluation.two_scans import data_set_of
from napari_spatialmed.geometry import CaseGeometry
from napari_spatialmed.llm import Client, resolve_endpoint
from napari_spatialmed.llm.errors import ADVICE
from napari_spatialmed.questions.model import Question


@click.command("ask")
@case_options
@click.option("--question", "text", help="A question in your own words; it is answered, not judged.")
@click.option(
    "--structures", default="", help="With --question: names of the structures to show, with commas between."
)
@click.option(
    "--benchmark", type=click.Path(path_type=Path), help="Take the question from this benchmark file …"
)
@click.option("--id", "question_id", help="… by its id.")
@click.option(
    "--cases",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    help="Where the second scan is, for a question that compares two; scans opened before are found without.",
)
@click.option(
    "--endpoint", help="Endpoint by name or base URL; default: OPENAI_BASE_URL, or the only one set up."
)
@click.option("--model", help="Another model of that endpoint.")
@click.option("--layout", type=click.Choice(LAYOUTS), default="orthogonal", show_default=True)
@click.option(
    "--arm",
    type=click.Choice(ARMS),
    default="normal",
    show_default=True,
    help="blind: no picture; oracle: with the measured facts; circular: every order of the options.",
)
@click.option("--outlines", is_flag=True, help="Draw the structures' outlines.")
@click.option(
    "--save-pictures",
    type=Output(folder=True),
    help="Write the pictures that are sent into this folder.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(1),
    default=SETTINGS["max_tokens"],
    show_default=True,
    help="Cut a longer answer off here.",
)
@click.option("--record", is_flag=True, help="With --benchmark: add the answer to the benchmark file.")
@click.option("--yes-send", is_flag=True, help="Agree that the pictures go to a remote endpoint.")
def ask_command(
    labels: Path,
    image: Path | None,
    names: str | None,
    text: str | None,
    structures: str,
    benchmark: Path | None,
    question_id: str | None,
    cases: tuple[Path, ...],
    endpoint: str | None,
    model: str | None,
    layout: Layout,
    arm: Arm,
    outlines: bool,
    save_pictures: Path | None,
    max_tokens: int,
    record: bool,
    yes_send: bool,
) -> None:
    """Ask a multimodal model about a case, and say right or wrong beside the truth.

    The answer streams as it comes.  For research; not a medical device.
    """
    if bool(text) == bool(benchmark):
        raise click.UsageError("Say what to ask: either --question TEXT, or --benchmark FILE --id QUESTION.")
    if benchmark and not question_id:
        raise click.UsageError("--benchmark needs --id; `spatialmed stats FILE --questions` lists them.")
    if text and (record or arm != "normal"):
        raise click.UsageError("--record and --arm are for questions of a benchmark.")
    chosen = resolve_endpoint(endpoint)
    if model:
        chosen = chosen.model_copy(update={"model": model})
    question, revision = (None, 1) if benchmark is None else _question(benchmark, str(question_id))
    geometry = CaseGeometry(load_case(labels, image, names))
    if question is not None and question.case != geometry.case.id:
        raise BenchmarkError(
            f"{question.id} is about {question.case}, but these files are {geometry.case.id}",
            where=benchmark,
            hint="Give the scan and labels it was made from.",
        )
    if question is not None and question.label_sha256 not in ("", geometry.case.label_sha256()):
        click.echo(
            "note: these labels differ from those the answer was computed from; it may be out of date",
            err=True,
        )
    if question is None:
        wanted = [name.strip() for name in structures.split(",") if name.strip()]
        view = render_view(geometry, wanted, layout=layout, outlines=outlines)
    else:
        find = CaseSource(cases, opened=[geometry], library=CaseLibrary())
        view = view_for(geometry, question, layout=layout, outlines=outlines, find_case=find)
    _tell(view, "" if arm == "blind" else None, save_pictures)

    async def ask() -> list[Response]:
        async with Client(
            chosen, data_set=data_set_of(question, geometry.case.id), allow_remote=yes_send
        ) as client:
            show = lambda piece: click.echo(printable(piece), nl=False)  # noqa: E731
            if question is None:
                return [
                    await ask_freely(
                        client, view, str(text), settings={"max_tokens": max_tokens}, on_text=show
                    )
                ]
            answers = []
            for turn in rotations(question, arm):
                answers.append(
                    await ask_question(
                        client,
                        geometry,
                        question,
                        layout=layout,
                        arm=arm,
                        outlines=outlines,
                        rotation=turn,
                        revision=revision,
                        view=view,
                        settings={"max_tokens": max_tokens},
                        on_text=show,
                    )
                )
                _judge(answers[-1])
            return answers

    responses = asyncio.run(ask())
    if question is None:
        click.echo()
        _complain(responses[0])
    if record and benchmark is not None:
        journal = benchmarks.open(benchmark, actor="spatialmed ask", new=False)
        for response in responses:
            journal.record_response(response.to_record())
    if any(r.error for r in responses):
        raise SystemExit(EXIT_PARTLY_DONE)


def _question(path: Path, question_id: str) -> tuple[Question, int]:
    state = benchmarks.read(path).state.question(question_id)
    return state.question, state.revision


def _tell(view: View, blind: str | None, folder: Path | None) -> None:
    """What is about to be sent, on stderr."""
    if blind is not None:
        click.echo("no picture is sent", err=True)
        return
    click.echo(
        f"{len(view.pictures)} pictures, {view.size / 1024:.0f} kB, about {view.tokens} tokens", err=True
    )
    for verdict in view.audit:
        if not verdict.passed:
            click.echo(f"note: {verdict.reason} (rule {verdict.rule})", err=True)
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for number, picture in enumerate(view.pictures, start=1):
                (folder / f"{number}-{picture.plane}.png").write_bytes(picture.png)
        except OSError as error:
            raise SpatialMedError(
                f"the pictures can't be written ({error.strerror})",
                where=folder,
                hint="Choose another folder. Nothing was sent.",
            ) from None


def _judge(response: Response) -> None:
    click.echo()
    if response.error:
        _complain(response)
    read = "nothing" if response.parsed is None else str(response.parsed)
    word = {"correct": "right", "wrong": "wrong"}.get(str(response.outcome), str(response.outcome))
    score = "" if response.score in (0.0, 1.0) else f", score {response.score:.2f}"
    said = f"{word}: read {read}, the labels say {response.answer} ({response.truth}){score}"
    click.echo(printable(said))
    click.echo(f"{response.seconds:.1f} s, {response.tokens_in} + {response.tokens_out} tokens", err=True)


def _complain(response: Response) -> None:
    if response.error:
        advice = next((text for kind, text in ADVICE.items() if kind == response.error), "")
        told = f"spatialmed: {response.error}: {response.error_message}. {advice}".rstrip()
        click.echo(printable(told), err=True)
