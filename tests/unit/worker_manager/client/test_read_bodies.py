"""Bodies of requests come from files."""

import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from worker_manager.client.bodies import UnreadableBody, checked, read_bodies


def test_it_reads_one_body_a_line_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(b'{"a": 1}\n\n{"b":"\xc3\xa9"}')
    assert read_bodies(files=[str(file)]) == [b'{"a": 1}', b'{"b":"\xc3\xa9"}']


def test_it_reads_a_json_file_as_one_body(tmp_path: Path) -> None:
    first, second = tmp_path / "one.json", tmp_path / "two.JSON"
    first.write_bytes(b'{\n  "a": 1\n}\n')
    second.write_bytes(b"{}")
    assert read_bodies(files=[str(first), str(second)]) == [b'{\n  "a": 1\n}\n', b"{}"]


def test_it_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b'{"a":1}\n{"a":2}\n')))
    assert read_bodies(files=["-"]) == [b'{"a":1}', b'{"a":2}']


def test_it_names_file_and_line_of_a_body_that_is_no_object(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(b"{}\n[1]\n")
    with pytest.raises(
        UnreadableBody, match=re.escape(f"{file}, line 2: Body must be a JSON object, not list")
    ):
        read_bodies(files=[str(file)])


def test_it_names_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UnreadableBody, match=r"nowhere\.jsonl cannot be read: No such file or directory"):
        read_bodies(files=[str(tmp_path / "nowhere.jsonl")])


def test_it_refuses_an_empty_json_file(tmp_path: Path) -> None:
    file = tmp_path / "empty.json"
    file.touch()
    with pytest.raises(UnreadableBody, match="Body is empty"):
        read_bodies(files=[str(file)])


def test_it_says_where_a_given_body_came_from() -> None:
    with pytest.raises(UnreadableBody, match="--body: Body is not JSON"):
        checked(b"{nope", place="--body")
