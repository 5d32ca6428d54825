"""What managers of the reference count for sessions, as it is read and added up."""

import json
from typing import Any
from uuid import UUID

import pytest

from worker_manager.events.session_count_reported import SessionCountReported
from worker_manager.session_counters import CounterState, Report, net_reports
from workers.contract.errors import MalformedMessage

_HEADERS = {"regards.tenant": "demo"}
_INFO = {
    "stepType": "ACQUISITION",
    "state": "INFO",
    "property": "workers.requests",
    "value": "3",
    "inputRelated": True,
    "outputRelated": False,
}
_STEP = {"stepId": "workers", "source": "acme", "session": "2025-06"}


def _read(
    headers: dict[str, Any] = _HEADERS,
    *,
    info: dict[str, Any] | None = None,
    step: dict[str, Any] | None = None,
    **fields: Any,
) -> SessionCountReported:
    whole = {
        "date": "2025-01-23T14:42:27.12Z",
        "type": "INC",
        "stepProperty": {**_STEP, "stepPropertyInfo": {**_INFO, **(info or {})}, **(step or {})},
        **fields,
    }
    return SessionCountReported.from_wire(
        headers=headers, body=json.dumps(whole).encode(), tenant="demo", fingerprint=UUID(int=1), again=False
    )


def test_it_reads_what_the_contract_shows() -> None:
    read = _read()
    assert (read.tenant, read.source, read.session) == ("demo", "acme", "2025-06")
    assert read.report == Report(name="workers.requests", by=3, state=CounterState.INFO, is_input=True)


def test_it_counts_down() -> None:
    assert _read(type="DEC", info={"value": "12"}).report.by == -12


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"headers": {}}, r"regards\.tenant"),
        ({"headers": {"regards.tenant": "other"}}, r"regards\.tenant must be that of the queue, demo"),
        ({"type": "VALUE"}, "type must be one of INC, DEC, got 'VALUE'"),
        ({"type": ["INC"]}, "type must be one of INC, DEC"),
        ({"stepProperty": "workers"}, "stepProperty must be an object, got 'workers'"),
        ({"step": {"stepPropertyInfo": None}}, "stepPropertyInfo must be an object, got None"),
        ({"step": {"stepId": "ingest"}}, "stepId must be workers, got 'ingest'"),
        ({"step": {"source": None}}, "source must be a string"),
        ({"step": {"session": "x" * 256}}, "session is limited to 255 characters, got 256"),
        ({"info": {"property": 7}}, "property must be a string"),
        ({"info": {"state": "GONE"}}, "state must be one of INFO"),
        ({"info": {"inputRelated": "yes"}}, "inputRelated must be true or false, got 'yes'"),
        ({"info": {"value": 3}}, "value must be a whole number as text"),
        ({"info": {"value": "-3"}}, "value must be a whole number as text"),
        ({"info": {"value": "²"}}, "value must be a whole number as text"),
        ({"info": {"value": "0"}}, "value must be from 1 to 1000000000, got 0"),
        ({"info": {"value": "1000000001"}}, "value must be from 1 to 1000000000"),
        ({"info": {"value": "1" * 5000}}, "value must be a whole number as text"),
    ],
)
def test_it_refuses_what_counts_nothing(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        _read(**wrong)


def test_it_adds_reports_up_by_session_and_leaves_out_what_evens_out() -> None:
    up = Report(name="a.done", by=2, state=CounterState.SUCCESS, is_output=True)
    wait = Report(name="a.waits", by=1, state=CounterState.WAITING)
    back = Report(name="a.waits", by=-1, state=CounterState.WAITING)
    one, two = (1, "acme", "one"), (1, "acme", "two")
    changes = net_reports([(two, wait), (one, up), (one, up), (two, back), (one, wait)])
    assert {key: dict(change.properties) for key, change in changes.items()} == {
        one: {"a.done": 4, "a.waits": 1}
    }
    assert (changes[one].output_related, changes[one].waiting) == (4, 1)
