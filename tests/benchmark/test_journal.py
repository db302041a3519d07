"""The file: what is acknowledged stays, and nothing passes unseen."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_spatialmed import benchmark
from napari_spatialmed.benchmark import Benchmark, BenchmarkError, DamagedError, NotABenchmarkError
from napari_spatialmed.benchmark.repair import repair
from napari_spatialmed.benchmark.verification import verify_file


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_an_event_is_one_line_that_hashes_all_its_bytes(anna: Benchmark) -> None:
    event = anna.append("note", "ä, 肝, 🫀")
    last = anna.path.read_bytes().splitlines()[-1]
    body, _, tail = last.rpartition(b',"sha":"')
    assert tail == f'{event.sha}"}}'.encode()
    assert hashlib.sha256(body).hexdigest() == event.sha
    assert json.loads(last)["payload"] == {"text": "ä, 肝, 🫀"}


def test_every_writer_has_its_own_chain_that_begins_with_null(anna: Benchmark) -> None:
    benchmark.open(anna.path, actor="Bob").append("note", "from Bob")
    anna.append("note", "from Anna")
    heads: dict[str, tuple[int, str]] = {}
    for line in lines_of(anna.path):
        seq, sha = heads.get(line["writer"], (0, None))
        assert (line["seq"], line["prev"]) == (seq + 1, sha)
        heads[line["writer"]] = (line["seq"], line["sha"])
    assert len(heads) == 2


def test_two_programs_on_one_file_see_each_other(anna: Benchmark) -> None:
    bob = benchmark.open(anna.path, actor="Bob")
    anna.append("note", "one")
    bob.append("note", "two")
    assert [n.payload.text for n in bob.state.notes] == ["one", "two"]
    assert [e.payload.text for e in anna.refresh()] == ["two"]
    assert verify_file(anna.path).ok


def test_a_missing_file_is_made_only_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "new.spatialmed.jsonl"
    with pytest.raises(BenchmarkError, match="no such file"):
        benchmark.open(path, actor="Anna", new=False)
    with pytest.raises(BenchmarkError, match="no such file"):
        benchmark.read(path)
    assert list(tmp_path.iterdir()) == []
    benchmark.open(path, actor="Anna").append("note", "hello")
    assert benchmark.read(path).state.notes[0].payload.text == "hello"


def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="does not exist"):
        benchmark.create(tmp_path / "nowhere" / "x.spatialmed.jsonl", actor="Anna")
    assert not (tmp_path / "nowhere").exists()


def test_create_never_overwrites(anna: Benchmark) -> None:
    before = anna.path.read_bytes()
    with pytest.raises(BenchmarkError, match="already"):
        benchmark.create(anna.path, actor="Bob")
    assert anna.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"id,stem\n1,What?\n", b"\x1f\x8b\x08\x00rubbish"])
def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.spatialmed.jsonl"
    path.write_bytes(content)
    with pytest.raises(NotABenchmarkError):
        benchmark.open(path, actor="Anna")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == content


def test_a_torn_last_line_is_set_aside_and_said(anna: Benchmark) -> None:
    anna.append("note", "kept")
    whole = anna.path.read_bytes()
    anna.path.write_bytes(whole + b'{"id":"torn","prev":')
    opened = benchmark.open(anna.path, actor="Anna")
    assert "torn" in opened.notices[0]
    assert anna.path.read_bytes() == whole
    assert b'{"id":"torn","prev":' in anna.path.with_name(anna.path.name + ".quarantine").read_bytes()
    opened.append("note", "after")
    assert [n.payload.text for n in benchmark.read(anna.path).state.notes] == ["kept", "after"]


def test_a_last_line_without_its_line_end_is_kept(anna: Benchmark) -> None:
    anna.append("note", "kept")
    anna.path.write_bytes(anna.path.read_bytes()[:-1])
    opened = benchmark.open(anna.path, actor="Anna")
    assert "line end" in opened.notices[0]
    opened.append("note", "after")
    assert [n.payload.text for n in benchmark.read(anna.path).state.notes] == ["kept", "after"]


def test_damage_inside_names_the_line_and_stops_writing_until_repair(anna: Benchmark) -> None:
    for number in range(3):
        anna.append("note", f"note {number}")
    lines = anna.path.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b"note 1", b"note 9")
    anna.path.write_bytes(b"".join(lines))
    damaged = anna.path.read_bytes()
    with pytest.raises(DamagedError, match="line 4"):
        benchmark.open(anna.path, actor="Anna")
    assert anna.path.read_bytes() == damaged

    report = repair(anna.path)
    assert [d.line for d in report.set_aside] == [4]
    assert report.original is not None
    assert report.original.read_bytes() == damaged
    assert b"note 9" in report.quarantine.read_bytes()
    opened = benchmark.open(anna.path, actor="Anna")
    assert [n.payload.text for n in opened.state.notes] == ["note 0", "note 2"]
    opened.append("note", "goes on")
    assert verify_file(anna.path).ok
    assert repair(anna.path).original is None


def test_an_append_notices_damage_done_since_opening(anna: Benchmark) -> None:
    text = anna.path.read_bytes()
    anna.path.write_bytes(text[:40] + b"#" + text[41:])
    os.utime(anna.path)
    with anna.path.open("ab") as stream:
        stream.write(b"rubbish\n")
    with pytest.raises(DamagedError):
        anna.append("note", "must not be written")
    assert b"must not be written" not in anna.path.read_bytes()


def test_lines_that_vanish_from_the_end_are_noticed(anna: Benchmark) -> None:
    anna.append("note", "one")
    anna.append("note", "two")
    lines = anna.path.read_bytes().splitlines(keepends=True)
    anna.path.write_bytes(b"".join(lines[:-1]))
    assert not verify_file(anna.path).ok
    opened = benchmark.open(anna.path, actor="Anna")
    assert "missing from its end" in opened.notices[0]
    opened.append("note", "three")
    kinds = [line["kind"] for line in lines_of(anna.path)]
    assert kinds[-2:] == ["repaired", "note"]
    assert verify_file(anna.path).ok


def test_a_deleted_line_is_noticed_even_if_its_writer_wrote_no_other(anna: Benchmark) -> None:
    benchmark.open(anna.path, actor="Bob").append("note", "alone")
    anna.append("note", "after")
    lines = anna.path.read_bytes().splitlines(keepends=True)
    anna.path.write_bytes(b"".join(line for line in lines if b"alone" not in line))
    with pytest.raises(DamagedError, match="missing"):
        benchmark.open(anna.path, actor="Anna")


def test_line_ends_changed_by_version_control_are_rescued(anna: Benchmark) -> None:
    anna.append("note", "one")
    written = anna.path.read_bytes()
    anna.path.write_bytes(written.replace(b"\n", b"\r\n"))
    with pytest.raises(DamagedError, match="line 1"):
        benchmark.open(anna.path, actor="Anna")
    assert repair(anna.path).rescued == 3
    assert anna.path.read_bytes().startswith(written)


def test_a_changed_beginning_and_end_of_a_line_are_rescued(anna: Benchmark) -> None:
    anna.append("note", "one")
    lines = anna.path.read_bytes().splitlines(keepends=True)
    lines[0] = b"\xef\xbb\xbf" + lines[0]
    lines[1] = lines[1].replace(b"\n", b"\r\n")
    anna.path.write_bytes(b"".join(lines))
    report = repair(anna.path)
    assert (len(report.set_aside), report.rescued, report.missing) == (2, 2, 0)
    assert verify_file(anna.path).ok


def test_an_event_of_a_later_version_asks_for_an_update(anna: Benchmark) -> None:
    lines = anna.path.read_bytes().splitlines()
    body = lines[-1].rpartition(b',"sha":"')[0].replace(b'"kind":"question_proposed"', b'"kind":"hologram"')
    sealed = body + b',"sha":"' + hashlib.sha256(body).hexdigest().encode() + b'"}'
    anna.path.write_bytes(lines[0] + b"\n" + sealed + b"\n")
    with pytest.raises(BenchmarkError, match="newer spatialmed"):
        benchmark.open(anna.path, actor="Anna")


def test_a_later_field_in_a_payload_is_no_obstacle(anna: Benchmark) -> None:
    lines = anna.path.read_bytes().splitlines()
    body = lines[-1].rpartition(b',"sha":"')[0]
    body = body.removesuffix(b"}") + b',"colour":"blue"}'
    sealed = body + b',"sha":"' + hashlib.sha256(body).hexdigest().encode() + b'"}'
    anna.path.write_bytes(lines[0] + b"\n" + sealed + b"\n")
    assert len(benchmark.open(anna.path, actor="Anna").state.questions) == 1


def test_an_error_while_writing_leaves_file_and_state_as_they_were(
    anna: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, events = anna.path.read_bytes(), len(anna.state.events)

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(BenchmarkError, match="No space left"):
            anna.append("note", "lost?")
    assert anna.path.read_bytes() == before
    assert len(anna.state.events) == events
    anna.append("note", "works again")
    assert verify_file(anna.path).ok


def test_a_folder_holds_one_file_for_each_writer(tmp_path: Path, question) -> None:  # type: ignore[no-untyped-def]
    anna = benchmark.create(tmp_path, actor="Anna", title="Shared drive")
    anna.propose(question(1))
    bob = benchmark.open(tmp_path, actor="Bob")
    bob.review(question(1).id, 2)
    anna.refresh()
    assert anna.state.questions[question(1).id].reviews["Bob"].score == 2
    anna.comment(question(1).id, "thanks")
    bob.refresh()
    assert bob.state.questions[question(1).id].comments[0].text == "thanks"
    assert len(list(tmp_path.glob("*.spatialmed.jsonl"))) == 2
    assert verify_file(tmp_path).ok


def test_a_read_only_folder_can_be_read_and_says_that_it_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "readonly"
    folder.mkdir()
    path = folder / "x.spatialmed.jsonl"
    benchmark.create(path, actor="Anna")
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    program = (
        "import os, sys\n"
        "from napari_spatialmed import benchmark\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "opened = benchmark.open(sys.argv[1], actor='Bob')\n"
        "print(len(opened.state.events))\n"
        "for act in (lambda: opened.append('note', 'x'), lambda: benchmark.create(sys.argv[1].replace('.spatialmed', '2.spatialmed'), actor='Bob')):\n"
        "    try: act()\n"
        "    except benchmark.BenchmarkError as error: print(error.what)\n"
    )
    if os.name == "nt":
        pytest.skip("Windows folders have no such bit")
    for parent in [tmp_path, *tmp_path.parents][:4]:  # one more than usual under pytest-xdist
        parent.chmod(parent.stat().st_mode | 0o055)
    try:
        run = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, encoding="utf-8", check=False
        )
    finally:
        folder.chmod(0o755)
    assert run.stdout.split("\n")[:3] == [
        "1",
        "the folder or file is read-only",
        "the folder or file is read-only",
    ], run.stderr


def test_keys_of_models_never_reach_the_file(anna: Benchmark) -> None:
    for record in (
        {"api_key": "abc"},
        {"headers": {"Authorization": "Bearer abcdefgh1234"}},
        {"text": "sk-abcdefghijklmnop123"},
    ):
        with pytest.raises(BenchmarkError, match="key or password"):
            anna.record_run(record)
    anna.record_run({"model": "m", "answer_key": "B"})
    assert "abcdefgh" not in anna.path.read_text("utf-8")


def test_ten_thousand_events_open_in_the_order_they_were_written(path: Path) -> None:
    made = benchmark.create(path, actor="Anna")
    made.append_all([benchmark.Draft("note", benchmark.PAYLOADS["note"](text=str(n))) for n in range(10_000)])
    assert [n.payload.text for n in benchmark.read(path).state.notes] == [str(n) for n in range(10_000)]
