"""How bodies are read."""

import io
import json

import pytest
from rest_framework.exceptions import ParseError

from regards_processing.kernel.rest.parsers import JsonParser


def _parsed(body: bytes) -> object:
    return JsonParser().parse(io.BytesIO(body))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, null, true]}', {"a": [1, 2.5, None, True]}),
        ('{"a": "é\U0001f600"}'.encode(), {"a": "é\U0001f600"}),
        (rb'{"a": "\u003c\ud83d\ude00"}', {"a": "<\U0001f600"}),
        (b"null", None),
        (b"[" * 100 + b"]" * 100, json.loads("[" * 100 + "]" * 100)),
    ],
)
def test_it_reads_json(body: bytes, value: object) -> None:
    assert _parsed(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1} x',
        b'{"a": "\xff"}',
        b'{"a": "\x00"}',
        b"[" * 100_000,
        b"[" * 101 + b"]" * 101,
        b"[1e400]",
        b"9" * 5000,
    ],
)
def test_it_refuses_what_is_no_json(body: bytes) -> None:
    with pytest.raises(ParseError, match=r"^Malformed JSON: "):
        _parsed(body)


@pytest.mark.parametrize(
    "body", [rb'{"a": "\u0000"}', rb'{"a\u0000": 1}', rb'{"a": {"b": ["x\ud800"]}}', rb'"\udc00"']
)
def test_it_refuses_texts_that_no_database_stores(body: bytes) -> None:
    with pytest.raises(ParseError, match="NUL character or half of a surrogate pair"):
        _parsed(body)
