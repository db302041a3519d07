"""Where endpoints are remembered: ``endpoints.toml`` in the user's settings folder, and the standard environment variables."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from napari_spatialmed.errors import SpatialMedError
from napari_spatialmed.folders import config_dir
from napari_spatialmed.llm.endpoint import Endpoint, shown_address
from napari_spatialmed.llm.errors import NoEndpointError
from napari_spatialmed.whole import write_whole

ENVIRONMENT = "environment"
"""The name of the endpoint that OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY describe."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DEFAULT = re.compile(r"(?m)^default\s*=.*\n?")
_OPENAI = "https://api.openai.com/v1"


class EndpointSettingsError(SpatialMedError):
    """An endpoints file, or an entry for it, that can't be used."""


def endpoints_file() -> Path:
    """Where endpoints are kept; it may not exist."""
    return config_dir() / "endpoints.toml"


def endpoints(path: Path | None = None) -> dict[str, Endpoint]:
    """All endpoints by name: those of the file, then the environment's.

    Parameters
    ----------
    path
        Another endpoints file, such as one kept with an evaluation.

    Raises
    ------
    EndpointSettingsError
        If the file isn't TOML, holds a key, or an entry is wrong.
    """
    source = path or endpoints_file()
    found = {
        name: _endpoint(name, entry, source)
        for name, entry in _tables(source).items()
        if not isinstance(entry, str)
    }
    environment = _from_environment()
    if environment is not None:
        found[ENVIRONMENT] = environment
    return found


def resolve_endpoint(name: str | None = None, *, path: Path | None = None) -> Endpoint:
    """The endpoint of this name or address; without a name the environment's, the default, or the only one.

    Parameters
    ----------
    name
        A name from the endpoints file, ``environment``, or a base URL with an optional ``#model``.

    Raises
    ------
    NoEndpointError
        If there is none of that name, or none at all.
    EndpointSettingsError
        If the endpoints file or the address is wrong.
    """
    if name and "://" in name:
        return _from_address(name)
    known = endpoints(path)
    if name:
        if name in known:
            return known[name]
        listed = ", ".join(known) or "none yet"
        raise NoEndpointError(
            f"there is no endpoint {name!r}",
            hint=f"There are: {listed}. `spatialmed endpoint add` makes one.",
        )
    if ENVIRONMENT in known:
        return known[ENVIRONMENT]
    default = default_name(path)
    if default in known:
        return known[default]
    if default:
        raise NoEndpointError(
            f"the default endpoint {default!r} isn't there",
            where=str(path or endpoints_file()),
            hint="Choose another with `spatialmed endpoint default NAME`, or take that line out.",
        )
    if len(known) == 1:
        return next(iter(known.values()))
    if known:
        raise NoEndpointError(
            "which endpoint?", hint=f"Name one of: {', '.join(known)}; or `spatialmed endpoint default NAME`."
        )
    raise NoEndpointError


def default_name(path: Path | None = None) -> str:
    """The endpoint used when none is named, or an empty string."""
    value = _tables(path or endpoints_file()).get("default", "")
    return value if isinstance(value, str) else ""


def save_endpoint(endpoint: Endpoint, *, replace: bool = False) -> Path:
    """Write an endpoint to the user's file; other entries and comments stay as they are.

    Raises
    ------
    EndpointSettingsError
        If the name is taken (and `replace` is False) or can't be used.
    """
    path = endpoints_file()
    if not _NAME.fullmatch(endpoint.name) or endpoint.name in (ENVIRONMENT, "default"):
        raise EndpointSettingsError(
            f"{endpoint.name!r} can't name an endpoint", hint="Use letters, digits, dot, dash and underscore."
        )
    if endpoint.name in _tables(path):
        if not replace:
            raise EndpointSettingsError(
                f"there is an endpoint {endpoint.name!r} already", where=path, hint="Add --replace."
            )
        _write(path, _without(path, endpoint.name))
    lines = [f"[{json.dumps(endpoint.name)}]"]
    for key, value in endpoint.model_dump(exclude={"name"}, exclude_defaults=True).items():
        lines.append(f"{key} = {_toml(value)}")
    text = path.read_text("utf-8") if path.exists() else ""
    _write(path, (text.rstrip() + "\n\n" if text.strip() else "") + "\n".join(lines) + "\n")
    return path


def remove_endpoint(name: str) -> None:
    """Take an endpoint out of the user's file; if it was the default, there is none from then on.

    Raises
    ------
    NoEndpointError
        If it isn't there.
    """
    path = endpoints_file()
    if name not in _tables(path):
        held = ", ".join(key for key in _tables(path) if key != "default") or "none"
        raise NoEndpointError(f"there is no endpoint {name!r}", where=str(path), hint=f"There are: {held}.")
    text = _without(path, name)
    if default_name(path) == name:
        text = _DEFAULT.sub("", text)
    _write(path, text.lstrip())


def _without(path: Path, name: str) -> str:
    """The file's text without an endpoint's table."""
    kept: list[str] = []
    inside = False
    for line in path.read_text("utf-8").splitlines():
        header = re.match(r"\s*\[+\s*(?:\"([^\"]+)\"|([^\]\s.]+))", line)
        if header:
            inside = (header.group(1) or header.group(2)) == name
        if not inside:
            kept.append(line)
    return "\n".join(kept).strip() + "\n"


def set_default(name: str) -> None:
    """Choose the endpoint that is used when none is named."""
    resolve_endpoint(name)
    path = endpoints_file()
    text = path.read_text("utf-8") if path.exists() else ""
    _write(path, f"default = {json.dumps(name)}\n\n{_DEFAULT.sub('', text).lstrip()}")


def _tables(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except UnicodeDecodeError:
        raise EndpointSettingsError(
            "it isn't text in UTF-8",
            where=path,
            hint="Save it as UTF-8, or delete it and add the endpoints again.",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise EndpointSettingsError(
            f"this isn't TOML: {error}", where=path, hint="Correct the line it names."
        ) from None
    except OSError as error:
        raise EndpointSettingsError(f"it can't be read: {error.strerror}", where=path) from None
    return tables


def _endpoint(name: str, entry: Any, source: Path) -> Endpoint:
    if not isinstance(entry, dict):
        raise EndpointSettingsError(
            f"{name} = {entry!r} is no endpoint",
            where=source,
            hint='Write `default = "NAME"`, and for each endpoint a table: [NAME], and below it base_url = "https://…/v1".',
        )
    secret = [
        key for key in entry if key.casefold() in ("key", "api_key", "apikey", "token", "secret", "password")
    ]
    if secret:
        raise EndpointSettingsError(
            f"[{name}] holds {secret[0]!r}: keys are never kept in a settings file",
            where=source,
            hint=f"Take that line out; then `spatialmed endpoint key {name}` stores the key in the system's keyring.",
        )
    try:
        return Endpoint(name=name, **entry)
    except ValidationError as error:
        raise EndpointSettingsError(
            f"[{name}] {_first(error)}", where=source, hint="Correct that entry."
        ) from None


def _from_environment() -> Endpoint | None:
    base_url, key = os.environ.get("OPENAI_BASE_URL"), os.environ.get("OPENAI_API_KEY")
    if not base_url and not key:
        return None
    try:
        return Endpoint(
            name=ENVIRONMENT,
            base_url=base_url or _OPENAI,
            model=os.environ.get("OPENAI_MODEL", ""),
            key_env="OPENAI_API_KEY" if key else None,
            note="from OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY",
        )
    except ValidationError as error:
        raise EndpointSettingsError(
            _first(error), where="OPENAI_BASE_URL", hint="Correct or unset that variable."
        ) from None


def _from_address(address: str) -> Endpoint:
    base_url, _, model = address.partition("#")
    environment = _from_environment()
    if environment is not None and environment.base_url == base_url.rstrip("/"):
        return environment.model_copy(update={"model": model or environment.model})
    try:
        endpoint = Endpoint(name="address", base_url=base_url, model=model)
    except ValidationError as error:
        raise EndpointSettingsError(
            _first(error), where=shown_address(base_url), hint="Correct the address."
        ) from None
    return endpoint.model_copy(update={"name": endpoint.host})


def _first(error: ValidationError) -> str:
    problem = error.errors(include_input=False)[0]
    field = ".".join(str(part) for part in problem["loc"])
    return f"{field}: {problem['msg'].removeprefix('Value error, ')}"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        raise EndpointSettingsError(
            f"it can't be written: {error.strerror}",
            where=path,
            hint="Set SPATIALMED_HOME to a folder you may write to.",
        ) from None
