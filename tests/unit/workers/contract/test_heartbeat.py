from datetime import UTC, datetime, timedelta, timezone

import pytest

from workers.contract.errors import MalformedMessage
from workers.contract.heartbeat import Protocol, WorkerHeartbeat

_HEADERS = {"regards.tenant": "t"}
_AT = datetime(2025, 1, 23, 14, 42, 27, 120_000, tzinfo=UTC)


def test_it_survives_the_wire() -> None:
    beat = WorkerHeartbeat(
        tenant="t",
        worker_id="w",
        worker_type="checksum",
        beaten_at=_AT,
        protocol=Protocol.CELERY,
        concurrency=4,
        prefetch=100,
        version="1.0",
        hold_seconds=0.0,
        run_seconds=1.5,
        stored_contents=True,
    )
    wire = beat.to_wire()
    assert WorkerHeartbeat.from_wire(headers=wire.headers, body=wire.body) == beat


def test_it_writes_dates_as_the_reference_does() -> None:
    east = _AT.astimezone(timezone(timedelta(hours=2)))
    beat = WorkerHeartbeat(tenant="t", worker_id="w", worker_type="c", beaten_at=east)
    assert b'"heartBeatDate":"2025-01-23T14:42:27.12Z"' in beat.to_wire().body


@pytest.mark.parametrize(
    "date",
    [
        "2025-01-23T14:42:27.12Z",
        "2025-01-23T16:42:27.12+02:00",
        "2025-01-23T14:42:27.120000",
        "2025-01-23t14:42:27.120000000z",
    ],
)
def test_it_reads_every_form_of_a_date(date: str) -> None:
    body = f'{{"id":"w","type":"c","heartBeatDate":"{date}"}}'.encode()
    assert WorkerHeartbeat.from_wire(headers=_HEADERS, body=body).beaten_at == _AT


def test_it_reads_a_point_without_fractions() -> None:
    body = b'{"id":"w","type":"c","heartBeatDate":"2025-01-23T14:42:27.Z"}'
    assert WorkerHeartbeat.from_wire(headers=_HEADERS, body=body).beaten_at == _AT.replace(microsecond=0)


def test_it_takes_a_worker_that_says_nothing_more_for_a_foreign_one() -> None:
    body = (
        b'{"id":"w","type":"c","heartBeatDate":"2025-01-23T14:42Z",'
        b'"concurrency":-1,"prefetch":-1,"version":2,"holdSeconds":true,"runSeconds":"1"}'
    )
    beat = WorkerHeartbeat.from_wire(headers=_HEADERS, body=body)
    assert (beat.protocol, beat.concurrency, beat.prefetch, beat.version) == (Protocol.RAW, None, 1, None)
    assert (beat.hold_seconds, beat.run_seconds) == (None, None)


@pytest.mark.parametrize(
    ("told", "held"),
    [("0", 0.0), ("2.5", 2.5), ("-1", None), ('"600"', None), ("1e99", None), ("null", None)],
)
def test_it_reads_for_how_long_messages_are_held(told: str, held: float | None) -> None:
    body = f'{{"id":"w","type":"c","heartBeatDate":"2025-01-23T14:42Z","holdSeconds":{told}}}'.encode()
    assert WorkerHeartbeat.from_wire(headers=_HEADERS, body=body).hold_seconds == held


@pytest.mark.parametrize(
    ("told", "reads"), [("true", True), ("false", False), ('"true"', False), ("1", False), ("null", False)]
)
def test_it_reads_whether_stored_contents_are_read(told: str, reads: bool) -> None:  # noqa: FBT001 (a parameter)
    body = f'{{"id":"w","type":"c","heartBeatDate":"2025-01-23T14:42Z","storedContents":{told}}}'.encode()
    assert WorkerHeartbeat.from_wire(headers=_HEADERS, body=body).stored_contents is reads


def test_it_does_not_speak_of_stored_contents_that_it_does_not_read() -> None:
    beat = WorkerHeartbeat(tenant="t", worker_id="w", worker_type="c", beaten_at=_AT)
    assert b"storedContents" not in beat.to_wire().body


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"type":"c","heartBeatDate":"2025-01-23T14:42Z"}', "id must be a non-empty string"),
        (b'{"id":"w","type":"","heartBeatDate":"2025-01-23T14:42Z"}', "type must be a non-empty string"),
        (b'{"id":"w","type":"c"}', "heartBeatDate must be an ISO-8601 date, got None"),
        (b'{"id":"w","type":"c","heartBeatDate":"soon"}', "heartBeatDate must be .*, got 'soon'"),
        (b'{"id":"w","type":"c","heartBeatDate":1737643347}', "heartBeatDate must be an ISO-8601 date"),
        (b'{"id":"w","type":"c","heartBeatDate":"0001-01-01T00:00+14:00"}', "heartBeatDate must be"),
    ],
)
def test_it_refuses_a_malformed_body(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        WorkerHeartbeat.from_wire(headers=_HEADERS, body=body)


def test_it_refuses_a_type_that_the_database_cannot_hold() -> None:
    body = f'{{"id":"w","type":"{"c" * 129}","heartBeatDate":"2025-01-23T14:42Z"}}'.encode()
    with pytest.raises(MalformedMessage, match="type is limited to 128 characters, got 129"):
        WorkerHeartbeat.from_wire(headers=_HEADERS, body=body)


def test_it_refuses_a_type_that_no_queue_can_be_called_after() -> None:
    body = f'{{"id":"w","type":"{"é" * 128}","heartBeatDate":"2025-01-23T14:42Z"}}'.encode()
    with pytest.raises(
        MalformedMessage, match=r"name of a queue \(at most 232 bytes in UTF-8, in lower case\)"
    ):
        WorkerHeartbeat.from_wire(headers=_HEADERS, body=body)
