"""Endpoints from a file, the environment and an address."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from napari_spatialmed.llm import (
    Endpoint,
    EndpointSettingsError,
    NoEndpointError,
    endpoints,
    endpoints_file,
    remove_endpoint,
    resolve_endpoint,
    save_endpoint,
    set_default,
)

LAB = Endpoint(
    name="lab", base_url="https://models.example.org/v1", model="qwen", extra_body={"a": {"b": True}}
)
HOME = Endpoint(
    name="home.2", base_url="http://localhost:8000/v1/", model="llama", key_env="HOME_KEY", price_in=0.5
)


@pytest.mark.parametrize(
    "url", ["https://a.example/v1", "http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:8/v1"]
)
def test_safe_addresses(url: str) -> None:
    assert Endpoint(name="x", base_url=url).base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/v1",
        "http://192.168.1.5/v1",
        "http://127.0.0.1.evil.example/v1",
        "http://localhost@evil.example/v1",
        "https://user:secret@a.example/v1",
        "https://a.example/v1?key=abc",
        "ftp://a.example",
        "file:///etc/passwd",
        "http://localhost:port/v1",
        "https://a.example:99999/v1",
        "models",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Endpoint(name="x", base_url=url)


def test_saved_endpoints_come_back_as_they_were() -> None:
    save_endpoint(LAB)
    save_endpoint(HOME)
    assert endpoints() == {"lab": LAB, "home.2": HOME}
    assert not LAB.extra_body or endpoints()["lab"].is_remote
    assert not endpoints()["home.2"].is_remote


def test_comments_and_other_entries_survive_changes() -> None:
    path = endpoints_file()
    path.parent.mkdir(parents=True)
    path.write_text('# mine\n[old]\nbase_url = "http://localhost:1/v1" # here\n\n[old.extra_body]\nx = 1\n')
    save_endpoint(LAB)
    set_default("lab")
    remove_endpoint("lab")
    assert "# mine" in path.read_text("utf-8")
    assert endpoints()["old"].extra_body == {"x": 1}
    remove_endpoint("old")
    assert endpoints() == {}


def test_a_taken_name_is_replaced_only_when_asked() -> None:
    save_endpoint(LAB)
    other = LAB.model_copy(update={"model": "other"})
    with pytest.raises(EndpointSettingsError, match="already"):
        save_endpoint(other)
    save_endpoint(other, replace=True)
    assert endpoints()["lab"].model == "other"


def test_removing_what_is_not_there_lists_what_is() -> None:
    save_endpoint(LAB)
    with pytest.raises(NoEndpointError, match=r"no endpoint 'lib'. There are: lab\."):
        remove_endpoint("lib")


@pytest.mark.parametrize("name", ["", "a b", "environment", 'x"]\n[y', "../x"])
def test_names_that_would_break_the_file_are_refused(name: str) -> None:
    with pytest.raises(EndpointSettingsError):
        save_endpoint(LAB.model_copy(update={"name": name}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[lab]\nbase_url = "https://a.example/v1"\napi_key = "sk-canary"\n', "keys are never kept"),
        ('[lab]\nbase_url = "http://a.example/v1"\n', "plain http"),
        ("[lab]\nmodel = 3\n", "base_url"),
        ("[lab\n", "TOML"),
        ('lab = "https://a.example/v1"\nx = 1\n', "table"),
    ],
)
def test_a_wrong_file_says_what_and_where(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "endpoints.toml"
    path.write_text(text)
    with pytest.raises(EndpointSettingsError) as caught:
        endpoints(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "sk-canary" not in str(caught.value)


def test_which_endpoint_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoEndpointError, match="serve-local"):
        resolve_endpoint()
    save_endpoint(LAB)
    assert resolve_endpoint() == LAB
    save_endpoint(HOME)
    with pytest.raises(NoEndpointError, match="lab"):
        resolve_endpoint()
    set_default("home.2")
    assert resolve_endpoint() == HOME
    with pytest.raises(NoEndpointError, match="nowhere"):
        resolve_endpoint("nowhere")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:9/v1")
    monkeypatch.setenv("OPENAI_MODEL", "vlm")
    assert resolve_endpoint().model == "vlm"
    assert resolve_endpoint("lab") == LAB


def test_the_environments_key_goes_only_to_the_environments_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://mine.example/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    assert resolve_endpoint("https://mine.example/v1#vlm").key_env == "OPENAI_API_KEY"
    other = resolve_endpoint("https://other.example/v1#vlm")
    assert other.key_env is None
    assert other.model == "vlm"


def test_a_bad_address_says_so() -> None:
    with pytest.raises(EndpointSettingsError, match="plain http"):
        resolve_endpoint("http://far.example/v1")


@pytest.mark.parametrize("address", ["http://me:sk-canary@127.0.0.1:1/v1#m", "ftp://me:sk-canary@a.example/v1", "https://a.example/v1?key=sk-canary"])  # fmt: skip
def test_a_secret_in_an_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(EndpointSettingsError) as caught:
        resolve_endpoint(address)
    assert "sk-canary" not in str(caught.value)


def test_a_default_that_is_gone_is_said_and_never_replaced_by_another() -> None:
    save_endpoint(LAB)
    save_endpoint(HOME)
    set_default("lab")
    save_endpoint(LAB, replace=True)
    assert resolve_endpoint() == LAB
    remove_endpoint("lab")
    assert resolve_endpoint() == HOME  # the only one; "lab" is no default any more
    endpoints_file().write_text('default = "lab"\n' + endpoints_file().read_text("utf-8"), "utf-8")
    with pytest.raises(NoEndpointError, match="default endpoint 'lab' isn't there"):
        resolve_endpoint()
