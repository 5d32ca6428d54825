"""The files of an execution: brought, verified, and refused where they must not be read."""

import hashlib
import io
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.run_process.orders import a_program, an_input, an_order, as_read, carried_out
from workers.builtin.run_process.inputs import Room, Source, fetch
from workers.processes.job import ProcessFailed
from workers.sdk import Cancelled


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.raw").write_bytes(b"aaa")
    return folder


def _run(inputs: Path, *files: dict[str, Any]) -> dict[str, Any]:
    program = a_program(inputs, "cat input/*.raw >output/all")
    return carried_out(an_order(program, *files), storage=inputs.parent / "storage", roots=inputs)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_it_verifies_digests_by_their_length(algorithm: str, inputs: Path) -> None:
    right = hashlib.new(algorithm, b"aaa").hexdigest().upper()
    wrong = hashlib.new(algorithm, b"bbb").hexdigest()
    assert _run(inputs, an_input(inputs / "a.raw", checksum=right))["finalStatus"] == "SUCCESS"
    refused = _run(inputs, an_input(inputs / "a.raw", checksum=wrong))
    assert f"has the {algorithm} {right.lower()}, {wrong} was announced" in refused["message"]


def test_it_takes_checksums_that_are_no_digest_as_they_are(inputs: Path) -> None:
    assert _run(inputs, an_input(inputs / "a.raw", checksum="some-key"))["finalStatus"] == "SUCCESS"


def test_it_verifies_sizes(inputs: Path) -> None:
    assert "has 3 bytes, 4 were announced" in _run(inputs, an_input(inputs / "a.raw", bytes=4))["message"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("file:///etc/passwd", "is outside the folders this worker may read"),
        ("s3://bucket/key", "protocol s3 is refused, allowed: file, ftp, http, https"),
        ("file:///no/such/file", "is outside the folders this worker may read"),
    ],
)
def test_it_refuses_what_it_may_not_read(url: str, told: str, inputs: Path) -> None:
    answer = _run(inputs, an_input(inputs / "a.raw", url=url))
    assert answer["finalStatus"] == "FAILURE"
    assert told in answer["message"]


def test_it_refuses_more_than_it_may_take(inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_MAX_INPUT_BYTES", "2")
    assert "3 bytes, the limit is 2" in _run(inputs, an_input(inputs / "a.raw"))["message"]
    hidden = an_input(inputs / "a.raw") | {"bytes": None}
    assert "have more than 2 bytes" in _run(inputs, hidden)["message"]


def test_it_counts_the_bytes_of_all_files(inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_MAX_INPUT_BYTES", "8")
    files = [an_input(inputs / "a.raw", localRelativePath=f"{name}.raw", bytes=None) for name in "abc"]
    assert _run(inputs, *files[:2])["finalStatus"] == "SUCCESS"
    assert "The input files have more than 8 bytes" in _run(inputs, *files)["message"]


class _Endless(io.RawIOBase):
    """A file that never ends."""

    def read(self, _size: int = -1) -> bytes:
        time.sleep(0.01)
        return b"a"


def test_it_gives_files_up_when_nobody_wants_them_any_more(inputs: Path) -> None:
    before = threading.active_count()
    order = as_read(an_order("", an_input(inputs / "a.raw", bytes=None)))
    sources = [Source(file=each, opened=_Endless, failure="", remote=False) for each in order.inputs]

    def look() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fetch(sources, into=inputs / "into", room=Room(limit=10**9), look=look)
    assert threading.active_count() == before


def test_it_gives_a_file_up_once_it_has_more_than_was_announced(inputs: Path) -> None:
    (file,) = as_read(an_order("", an_input(inputs / "a.raw"))).inputs
    source = Source(file=file, opened=_Endless, failure="", remote=True)
    with pytest.raises(ProcessFailed, match=r"a\.raw has more bytes than the 3 that were announced"):
        fetch([source], into=inputs / "into", room=Room(limit=100))


class _Broken(io.BytesIO):
    """A file of three bytes whose end is an error of the disk."""

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        if not piece:
            raise OSError("the disk is broken")
        return piece


def test_it_counts_bytes_once_that_come_again(inputs: Path) -> None:
    (file,) = as_read(an_order("", an_input(inputs / "a.raw", bytes=None))).inputs
    tries = iter([_Broken(b"aaa"), _Broken(b"aaa"), io.BytesIO(b"aaa")])
    room = Room(limit=4)
    source = Source(file=file, opened=lambda: next(tries), failure="", remote=True)
    fetch([source], into=inputs / "into", room=room)
    assert (room.taken, (inputs / "into" / "a.raw").read_bytes()) == (3, b"aaa")


def test_it_leaves_no_thread_behind(inputs: Path) -> None:
    before = threading.active_count()
    files = [an_input(inputs / "a.raw", below=f"F{number}") for number in range(20)]
    program = a_program(inputs, "cat input/*/*.raw >output/all")
    answer = carried_out(an_order(program, *files), storage=inputs.parent / "storage", roots=inputs)
    assert (answer["finalStatus"], threading.active_count()) == ("SUCCESS", before)
