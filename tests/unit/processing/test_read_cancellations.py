"""The event that cancels executions and batches."""

import json
from typing import Any
from uuid import UUID

import pytest

from regards_processing.processing.events.cancellation_requested import CancellationRequested
from workers.contract.errors import MalformedMessage

_ONE, _TWO = UUID(int=1), UUID(int=2)


def _read(body: object, **headers: Any) -> CancellationRequested:
    told = {"regards.tenant": "demo"} | headers
    return CancellationRequested.from_wire(headers=told, body=json.dumps(body).encode())


def test_it_reads_all_that_can_be_named() -> None:
    body = {
        "batchIds": [str(_ONE)],
        "executionCorrelationIds": ["a", None],
        "executionIds": [str(_TWO)],
        "by": "ada",
        "unknown": 1,
    }
    assert _read(body) == CancellationRequested(
        tenant="demo", batch_ids=(_ONE,), correlation_ids=("a",), execution_ids=(_TWO,), by="ada"
    )


def test_it_says_who_when_the_event_does_not() -> None:
    assert _read({"batchIds": [str(_ONE)]}).by == "a message"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"batchIds": []},
        {"batchIds": None, "executionIds": None},
        {"batchIds": str(_ONE)},
        {"batchIds": ["x"]},
        {"batchIds": [1]},
        {"executionIds": [str(_ONE)], "executionCorrelationIds": ["a"]},
        {"batchIds": [str(_ONE)], "executionCorrelationIds": "a"},
        {"batchIds": [str(_ONE)], "executionCorrelationIds": ["\0"]},
        {"batchIds": [str(_ONE)], "executionCorrelationIds": ["\ud800"]},
        {"batchIds": [str(_ONE)], "by": ""},
        {"batchIds": [str(_ONE)], "by": "\ud800"},
        {"batchIds": [str(_ONE)], "by": 3},
        {"batchIds": [str(_ONE)], "by": "x" * 256},
    ],
)
def test_it_refuses_what_names_nothing_or_makes_no_sense(body: object) -> None:
    with pytest.raises(MalformedMessage):
        _read(body)


def test_it_refuses_events_without_a_tenant() -> None:
    with pytest.raises(MalformedMessage):
        _read({"batchIds": [str(_ONE)]}, **{"regards.tenant": ""})
