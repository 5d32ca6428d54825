"""Messages of order services: read, or refused with what is wrong."""

import json
from typing import Any
from uuid import uuid4

import pytest

from regards_processing.processing.events.execution_requested import ExecutionRequested
from regards_processing.processing.events.outputs_downloaded import OutputsDownloaded
from tests.factories.json_values import nested
from workers.contract.errors import MalformedMessage

_HEADERS = {"regards.tenant": "demo"}


def _read(fields: dict[str, Any]) -> ExecutionRequested:
    return ExecutionRequested.from_wire(headers=_HEADERS, body=json.dumps(fields).encode())


def test_it_reads_an_order() -> None:
    batch_id = uuid4()
    file = {"url": "file:/a"}
    read = _read({"executionCorrelationId": "e", "batchId": str(batch_id), "inputFiles": [file, None]})
    assert read == ExecutionRequested(
        tenant="demo", batch_id=batch_id, correlation_id="e", input_files=(file,)
    )


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        (None, "inputFiles is missing"),
        (
            [{}, {"fileName": "a\0b"}],
            "inputFiles[1].fileName holds a NUL character or half of a surrogate pair",
        ),
        (
            [{"metadata": {"a": "\ud800"}}],
            "inputFiles[0].metadata.a holds a NUL character or half of a surrogate",
        ),
        ([None, {"\ud800": ""}], "inputFiles[1].\ud800 holds a NUL character or half of a surrogate pair"),
        ([{"bytes": float("nan")}], "inputFiles[0].bytes is not a finite number"),
        ([{"metadata": nested(460)}], "inputFiles is nested too deeply: more than 100 levels"),
        ([], ""),
        ([{"fileName": "\U0001f600 NaN \ud55c"}], ""),
    ],
)
def test_it_says_what_is_wrong_with_the_files(files: list[Any] | None, fault: str) -> None:
    read = _read({"executionCorrelationId": "e", "batchId": str(uuid4()), "inputFiles": files})
    assert read.files_fault.startswith(fault)
    assert bool(read.files_fault) == bool(fault)
    assert read.input_files == (() if fault else tuple(files or ()))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"batchId": "x"}, "batchId must be a UUID"),
        ({"batchId": None}, "batchId must be a UUID"),
        ({"executionCorrelationId": None}, "executionCorrelationId must be a text"),
        ({"executionCorrelationId": "a\0"}, "executionCorrelationId must be a text"),
        ({"executionCorrelationId": "a\ud800"}, "executionCorrelationId must be a text"),
        ({"inputFiles": {}}, "inputFiles must be an array"),
        ({"inputFiles": ["a"]}, "inputFiles must hold objects"),
    ],
)
def test_it_refuses_orders_that_make_no_sense(changes: dict[str, Any], told: str) -> None:
    fields = {"executionCorrelationId": "e", "batchId": str(uuid4()), "inputFiles": []}
    with pytest.raises(MalformedMessage, match=told):
        _read(fields | changes)


@pytest.mark.parametrize("urls", [None, "file:/a", [1], ["a\0"], ["a\ud800"]])
def test_it_refuses_downloads_that_make_no_sense(urls: object) -> None:
    body = json.dumps({"outputFileUrls": urls}).encode()
    with pytest.raises(MalformedMessage):
        OutputsDownloaded.from_wire(headers=_HEADERS, body=body)


def test_it_needs_a_tenant() -> None:
    with pytest.raises(MalformedMessage):
        OutputsDownloaded.from_wire(headers={}, body=b'{"outputFileUrls": []}')
