"""Messages of order services: read, or refused with what is wrong."""

import json
from typing import Any
from uuid import uuid4

import pytest

from regards_processing.processing.events.execution_requested import ExecutionRequested
from regards_processing.processing.events.outputs_downloaded import OutputsDownloaded
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
    assert _read({"executionCorrelationId": "e", "batchId": str(batch_id)}).input_files is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"batchId": "x"}, "batchId must be a UUID"),
        ({"batchId": None}, "batchId must be a UUID"),
        ({"executionCorrelationId": None}, "executionCorrelationId must be a text"),
        ({"executionCorrelationId": "a\0"}, "executionCorrelationId must be a text"),
        ({"inputFiles": {}}, "inputFiles must be an array"),
        ({"inputFiles": ["a"]}, "inputFiles must hold objects"),
    ],
)
def test_it_refuses_orders_that_make_no_sense(changes: dict[str, Any], told: str) -> None:
    fields = {"executionCorrelationId": "e", "batchId": str(uuid4()), "inputFiles": []}
    with pytest.raises(MalformedMessage, match=told):
        _read(fields | changes)


@pytest.mark.parametrize("urls", [None, "file:/a", [1], ["a\0"]])
def test_it_refuses_downloads_that_make_no_sense(urls: object) -> None:
    body = json.dumps({"outputFileUrls": urls}).encode()
    with pytest.raises(MalformedMessage):
        OutputsDownloaded.from_wire(headers=_HEADERS, body=body)


def test_it_needs_a_tenant() -> None:
    with pytest.raises(MalformedMessage):
        OutputsDownloaded.from_wire(headers={}, body=b'{"outputFileUrls": []}')
