"""Several contents make one body; every byte of them can be had back."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.contract.gathering import gather, gather_headers


@pytest.mark.parametrize(
    ("content", "entry"),
    [
        (b"{}", b"{}"),
        (b' {"a": 1.50,\n "a": 1e400}\n', b'{"a": 1.50,\n "a": 1e400}'),
        (b"12345678901234567890123", b"12345678901234567890123"),
        (b"null", b"null"),
        ('"é"'.encode(), '"é"'.encode()),
        (b'"\\ud800"', b'"\\ud800"'),
        (b"", b'{"base64":""}'),
        (b"<tree/>", b'{"base64":"PHRyZWUvPg=="}'),
        (b"\xff\x00", b'{"base64":"/wA="}'),
        (b"NaN", b'{"base64":"TmFO"}'),
        (b"[-Infinity]", b'{"base64":"Wy1JbmZpbml0eV0="}'),
        (b"{} {}", b'{"base64":"e30ge30="}'),
        ('"x"'.encode("utf-16"), b'{"base64":"' + base64.b64encode('"x"'.encode("utf-16")) + b'"}'),
        ("\u00a0{}".encode(), b'{"base64":"wqB7fQ=="}'),
    ],
)
def test_it_embeds_json_as_it_is_and_anything_else_as_base64(content: bytes, entry: bytes) -> None:
    assert gather([content, b"1"]) == b'{"contents":[' + entry + b",1]}"


def test_it_does_not_fail_on_nesting_without_end() -> None:
    content = b"[" * 100_000
    assert json.loads(gather([content]))["contents"][0]["base64"].startswith("W1tb")


@given(contents=st.lists(st.binary(max_size=8) | st.sampled_from([b"{}", b"[1]", b"x"]), max_size=4))
def test_it_is_json_with_one_entry_for_each_content_in_order(contents: list[bytes]) -> None:
    entries = json.loads(gather(contents))["contents"]
    assert len(entries) == len(contents)
    restored = [gather([content]) for content in contents]
    assert gather(contents) == b'{"contents":[' + b",".join(one[13:-2] for one in restored) + b"]}"


def test_it_lets_the_last_member_have_a_header_that_several_set() -> None:
    merged = gather_headers([{"a": "1", "b": "1"}, None, {"b": "2"}])
    assert merged == {"a": "1", "b": "2"}
