"""Where a key comes from: the environment, the system's keyring, or the person at the keyboard, in this order.

A key is never written to a settings file, log, exception, cache or benchmark; in memory it is a `SecretStr`, which prints
as stars.
"""

from __future__ import annotations

import os

import keyring
import keyring.errors
from pydantic import SecretStr

from napari_spatialmed.llm.endpoint import Endpoint
from napari_spatialmed.llm.errors import EndpointError

SERVICE = "napari-spatialmed"
"""The name under which keys are listed in the keyring."""

_session: dict[str, SecretStr] = {}


def find_key(endpoint: Endpoint) -> SecretStr | None:
    """The endpoint's key, or None where it has none.

    An environment variable goes only to the endpoint that names it, and a stored key only to the base URL it was
    stored for: no server is ever sent another's key.
    """
    if endpoint.key_env:
        value = os.environ.get(endpoint.key_env, "").strip()
        if value:
            return SecretStr(value)
    account = _account(endpoint)
    if account in _session:
        return _session[account]
    try:
        stored = keyring.get_password(SERVICE, account)
    except keyring.errors.KeyringError:
        return None
    return SecretStr(stored) if stored else None


def keep_key(endpoint: Endpoint, key: SecretStr) -> bool:
    """Remember a key that was asked for: in the keyring, else until the program ends.

    Returns
    -------
    bool
        Whether it will still be known next time.
    """
    account = _account(endpoint)
    _session[account] = key
    try:
        keyring.set_password(SERVICE, account, key.get_secret_value())
    except keyring.errors.KeyringError:
        return False
    return True


def forget_key(endpoint: Endpoint) -> None:
    """Take the endpoint's key out of the keyring and of memory."""
    account = _account(endpoint)
    _session.pop(account, None)
    try:
        keyring.delete_password(SERVICE, account)
    except keyring.errors.KeyringError:
        return


def require_key(endpoint: Endpoint) -> SecretStr | None:
    """As `find_key`, but a remote endpoint without a key is an error that says how to give one.

    Raises
    ------
    EndpointError
        Of kind ``auth``.
    """
    key = find_key(endpoint)
    if key is None and endpoint.is_remote:
        variable = f"set {endpoint.key_env}, or " if endpoint.key_env else ""
        raise EndpointError(
            "auth",
            "no key was found",
            where=endpoint.place,
            hint=f"To give one, {variable}run `spatialmed endpoint key {endpoint.name}`.",
        )
    return key


def _account(endpoint: Endpoint) -> str:
    return f"{endpoint.name} @ {endpoint.base_url}"
