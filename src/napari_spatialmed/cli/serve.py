"""`spatialmed serve-local` and `spatialmed endpoint`: where models are."""

from __future__ import annotations

import asyncio
import importlib.resources
import sys
import time

import click
from pydantic import SecretStr, ValidationError

from napari_spatialmed.llm import (
    Client,
    Endpoint,
    EndpointError,
    EndpointSettingsError,
    LocalServer,
    default_name,
    endpoints,
    endpoints_file,
    find_key,
    forget_key,
    keep_key,
    remove_endpoint,
    resolve_endpoint,
    save_endpoint,
    set_default,
    withdraw_consent,
)
from napari_spatialmed.llm.endpoint import shown_address
from napari_spatialmed.llm.local_server import LABEL


@click.command("serve-local")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8099, show_default=True, help="0 for any free one."
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="More is slower on a busy machine.",
)
@click.option("--save", is_flag=True, help="Remember it as the endpoint `local`.")
def serve_local_command(port: int, threads: int, save: bool) -> None:
    """Start a small real model server on this machine, for trying the path without key or network.

    It runs until Ctrl+C.  The model (SmolLM2, 135 million parameters) names colours and writes English: it does not
    understand scans, and its answers mean nothing.
    """
    with LocalServer(port=port, threads=threads) as server:
        if save:
            save_endpoint(server.endpoint, replace=True)
        click.echo(server.base_url)
        click.echo(
            f"A small model on this machine; it {LABEL}. To use it in another terminal:\n"
            f"  export OPENAI_BASE_URL={server.base_url}\n"
            "  spatialmed ask …        (or choose it in napari's Ask dock)\n"
            "Ctrl+C stops it.",
            err=True,
        )
        sys.stdout.flush()
        try:
            while server.running:
                time.sleep(0.5)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)


@click.group("endpoint")
def endpoint_command() -> None:
    """List, add, test and remove model endpoints.

    They are kept in endpoints.toml in your settings folder; keys never are.
    """


@endpoint_command.command("list")
def list_command() -> None:
    """Show all endpoints, the default one marked by *."""
    known = endpoints()
    if not known:
        click.echo(f"none yet; `spatialmed endpoint add` writes one to {endpoints_file()}")
        return
    default = default_name()
    for name, endpoint in known.items():
        where = "remote" if endpoint.is_remote else "this machine"
        click.echo(
            f"{'*' if name == default else ' '} {name:20} {endpoint.model or '(its only model)':40} {endpoint.base_url} ({where})"
        )
    click.echo(f"settings: {endpoints_file()}", err=True)


@endpoint_command.command("add")
@click.argument("name")
@click.argument("base_url")
@click.option(
    "--model", default="", help="The model's name as the server knows it; may be left out if it has only one."
)
@click.option("--key-env", help="The environment variable that holds the key.")
@click.option(
    "--max-pictures", type=click.IntRange(0), help="Pictures that fit in one prompt; 0 for a text model."
)
@click.option("--concurrency", type=click.IntRange(1, 256), help="Calls at a time.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds for one call.")
@click.option("--price-in", type=click.FloatRange(0), help="Price of a million prompt tokens.")
@click.option("--price-out", type=click.FloatRange(0), help="Price of a million reply tokens.")
@click.option("--replace", is_flag=True, help="Overwrite an endpoint of that name.")
def add_command(name: str, base_url: str, replace: bool, **settings: object) -> None:
    """Remember a server and model under NAME.

    BASE_URL is https://…/v1, or http://localhost…/v1 for a server on this machine.
    """
    try:
        endpoint = Endpoint.model_validate(
            {"name": name, "base_url": base_url, **{k: v for k, v in settings.items() if v is not None}}
        )
    except ValidationError as error:
        raise EndpointSettingsError(
            error.errors()[0]["msg"].removeprefix("Value error, "), where=shown_address(base_url)
        ) from None
    path = save_endpoint(endpoint, replace=replace)
    click.echo(f"{name} written to {path}")
    if endpoint.is_remote and find_key(endpoint) is None:
        click.echo(f"It has no key yet: `spatialmed endpoint key {name}`.", err=True)


@endpoint_command.command("remove")
@click.argument("name")
def remove_command(name: str) -> None:
    """Forget an endpoint and its key."""
    endpoint = endpoints().get(name)
    remove_endpoint(name)
    if endpoint is not None:
        forget_key(endpoint)
    click.echo(f"{name} removed")


@endpoint_command.command("default")
@click.argument("name")
def default_command(name: str) -> None:
    """Use NAME where no endpoint is named."""
    set_default(name)
    click.echo(f"{name} is used where no endpoint is named")


@endpoint_command.command("key")
@click.argument("name")
@click.option("--forget", is_flag=True, help="Take the key out of the keyring instead.")
def key_command(name: str, forget: bool) -> None:
    """Ask for the endpoint's key and put it into the system's keyring."""
    endpoint = resolve_endpoint(name)
    if forget:
        forget_key(endpoint)
        click.echo(f"the key of {name} is forgotten")
        return
    key = SecretStr(_asked_for(f"Key for {endpoint.base_url}"))
    if not keep_key(endpoint, key):
        raise EndpointSettingsError(
            "this machine has no keyring",
            hint=f"Put the key into an environment variable and name it: `spatialmed endpoint add {name} {endpoint.base_url} --key-env NAME --replace`.",
        )
    click.echo("stored in the system's keyring")


def _asked_for(what: str) -> str:
    """A secret from the keyboard, unseen; from a pipe its first line (`pass show lab | spatialmed endpoint key lab`)."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True))
    given = sys.stdin.readline().strip()
    if not given:
        raise click.UsageError("No key came from the input; run this in a terminal to be asked for it.")
    return given


@endpoint_command.command("test")
@click.argument("name", required=False)
def test_command(name: str | None) -> None:
    """Ask an endpoint for its models and for one word; nothing of any scan is sent."""
    from napari_spatialmed.llm import user_message

    endpoint = resolve_endpoint(name)

    async def call() -> None:
        async with Client(endpoint, allow_remote=True) as client:
            try:
                click.echo(f"models: {', '.join(await client.models()) or 'none listed'}")
            except EndpointError as error:
                if error.kind in ("auth", "connection", "timeout", "redirect"):
                    raise
                click.echo(f"models: not listed ({error.what})")
            try:
                reply = await client.complete([user_message("Answer with the word yes.")], max_tokens=256)
            except EndpointError as error:
                if error.kind != "length" or error.reply is None:
                    raise
                reply = error.reply
            click.echo(f"reply: {reply.text[:200]!r} from {reply.model} in {reply.seconds:.1f} s")

    asyncio.run(call())


@endpoint_command.command("withdraw")
@click.option("--host", help="Only for this host.")
@click.option("--data-set", help="Only for this case or benchmark id.")
def withdraw_command(host: str | None, data_set: str | None) -> None:
    """Forget that data may be sent to remote endpoints; you will be asked again."""
    click.echo(f"{withdraw_consent(host, data_set)} consents withdrawn")


@endpoint_command.command("example")
def example_command() -> None:
    """Print an endpoints.toml with the paper's models and how each is usually served."""
    click.echo(
        importlib.resources.files("napari_spatialmed.llm")
        .joinpath("endpoints.example.toml")
        .read_text("utf-8")
    )
