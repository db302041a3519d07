"""`spatialmed endpoint` and `spatialmed serve-local` as a user types them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from napari_spatialmed.llm import install_hint

SPATIALMED = [sys.executable, "-m", "napari_spatialmed"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    cleared = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return {
        **cleared,
        "SPATIALMED_HOME": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


def spatialmed(
    environment: dict[str, str], *arguments: str, text: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SPATIALMED, *arguments],
        env=environment,
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
    )


def test_an_endpoint_from_adding_to_removing(environment: dict[str, str], tmp_path: Path) -> None:
    assert "none yet" in spatialmed(environment, "endpoint", "list").stdout
    added = spatialmed(
        environment,
        "endpoint",
        "add",
        "lab",
        "https://lab.example/v1",
        "--model",
        "qwen",
        "--price-in",
        "0.2",
    )
    assert added.returncode == 0, added.stderr
    assert "no key yet" in added.stderr
    assert spatialmed(environment, "endpoint", "default", "lab").returncode == 0
    listed = spatialmed(environment, "endpoint", "list")
    assert "* lab" in listed.stdout
    assert str(tmp_path / "config" / "endpoints.toml") in listed.stderr
    key = spatialmed(environment, "endpoint", "key", "lab", text="sk-canary-123\n")
    assert key.returncode == 3
    assert "--key-env" in key.stderr
    tested = spatialmed(environment, "endpoint", "test", "lab")
    assert tested.returncode == 3
    assert "no key was found" in tested.stderr
    assert spatialmed(environment, "endpoint", "remove", "lab").returncode == 0
    written = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file())
    assert "sk-canary" not in written + key.stdout + key.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "x", "http://far.example/v1"], "plain http"),
        (["add", "a b", "https://far.example/v1"], "can't name an endpoint"),
        (["remove", "nobody"], "no endpoint"),
        (["test"], "no model endpoint is set up"),
        (["test", "http://127.0.0.1:9/v1#m"], "can't be reached"),
    ],
)
def test_bad_input_is_one_clear_sentence(
    environment: dict[str, str], arguments: list[str], says: str
) -> None:
    result = spatialmed(environment, "endpoint", *arguments)
    assert result.returncode == 3
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_a_key_in_the_settings_file_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "endpoints.toml").write_text(
        '[lab]\nbase_url = "https://lab.example/v1"\napi_key = "sk-canary"\n'
    )
    result = spatialmed(environment, "endpoint", "list")
    assert result.returncode == 3
    assert "keys are never kept" in result.stderr
    assert "sk-canary" not in result.stderr


@pytest.mark.local_llm
@pytest.mark.timeout(1200)
def test_serve_local_prints_its_address_and_ends_on_ctrl_c(environment: dict[str, str]) -> None:
    hint = install_hint()
    if hint:
        pytest.skip(hint)
    process = subprocess.Popen(
        [*SPATIALMED, "serve-local", "--port", "0", "--save"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # A shell's background jobs are deaf to Ctrl+C, and so is what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.endswith("/v1")
        assert urllib.request.urlopen(f"{address}/models", timeout=120).status == 200
        tested = spatialmed(environment, "endpoint", "test", "local")
        assert tested.returncode == 0, tested.stderr
        assert "reply:" in tested.stdout
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "does not understand scans" in said
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{address}/models", timeout=60)
