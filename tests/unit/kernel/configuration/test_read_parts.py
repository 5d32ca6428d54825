"""The envelope of a configuration file is read strictly, and modules of others are passed over."""

import json
from typing import Any

import pytest

from regards_processing.kernel.configuration.envelope import (
    Entry,
    Part,
    UnreadableConfiguration,
    file_of,
    read_parts,
    to_text,
)


def _read(*modules: object) -> list[Part]:
    document = json.dumps({"modules": modules}).encode()
    return read_parts(document=document, module_id="ours")


def _module(**fields: object) -> dict[str, Any]:
    return {"module": {"id": "ours"}, **fields}


def test_it_reads_items_with_their_places() -> None:
    items = [{"key": "a", "value": {}}, {"key": 7}, "text"]
    (part,) = _read({"module": {"id": "theirs"}}, _module(configuration=items, resetBeforeImport=True))
    assert part == Part(
        position=1,
        reset=True,
        entries=(
            Entry(position=0, key="a", value={}),
            Entry(position=1, key=7, value=None),
            Entry(position=2, key=None, value=None),
        ),
    )


@pytest.mark.parametrize("absent", [{}, {"configuration": None, "resetBeforeImport": None}])
def test_it_takes_null_for_absent(absent: dict[str, Any]) -> None:
    assert _read(_module(**absent)) == [Part(position=0, reset=False, entries=())]


@pytest.mark.parametrize("module", [{"module": {"id": "theirs"}}, {}, 7, {"module": 7}, {"module": {}}])
def test_it_passes_over_modules_of_others(module: object) -> None:
    assert _read(module) == []


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"modules":7}',
        b"[" * 100_000,
        b'{"modules":[],"a":' + b"[" * 100 + b"]" * 100 + b"}",
        b"\xff\xfe",
        b'{"a":' + b"1" * 5000 + b"}",
    ],
)
def test_it_refuses_what_is_no_configuration_file(document: bytes) -> None:
    with pytest.raises(UnreadableConfiguration):
        read_parts(document=document, module_id="ours")


def test_it_reads_a_file_with_a_byte_order_mark() -> None:
    document = json.dumps({"modules": [_module()]}).encode("utf-8-sig")
    assert len(read_parts(document=document, module_id="ours")) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"configuration": {}}, r"modules\[0\]\.configuration must be an array"),
        ({"resetBeforeImport": "yes"}, r"modules\[0\]\.resetBeforeImport must be true or false, got 'yes'"),
    ],
)
def test_it_says_which_part_of_the_envelope_is_wrong(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableConfiguration, match=message):
        _read(_module(**fields))


def test_it_reads_what_it_writes() -> None:
    items = [{"key": "a", "value": {"é": 1}}]
    text = to_text(file_of(service="service", parts=[({"id": "ours", "name": "Ours"}, True, items)]))
    (part,) = read_parts(document=text.encode(), module_id="ours")
    assert (part.reset, part.entries) == (True, (Entry(position=0, key="a", value={"é": 1}),))
    assert text.startswith('{\n  "microservice": "service",\n  "modules": [')
