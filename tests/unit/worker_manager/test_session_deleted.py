"""Deletions of sessions and sources, as they are read."""

from datetime import UTC, datetime

import pytest

from worker_manager.events.session_deleted import SessionsDeleted, sent_before
from workers.contract.errors import MalformedMessage

_HEADERS = {"regards.tenant": "demo"}


def test_it_reads_the_deletion_of_a_session() -> None:
    body = b'{"source":"acme","session":"2025-06"}'
    read = SessionsDeleted.of_session(headers=_HEADERS, body=body, sent_at=None)
    assert read == SessionsDeleted(tenant="demo", source="acme", session="2025-06")
    assert read.event == "SessionDeleteEvent"


def test_it_reads_the_deletion_of_a_source() -> None:
    read = SessionsDeleted.of_source(headers=_HEADERS, body=b'{"source":""}', sent_at=None)
    assert read == SessionsDeleted(tenant="demo", source="", session=None)
    assert read.event == "SourceDeleteEvent"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Body is empty"),
        (b"[]", "JSON object"),
        (b'{"session":"s"}', "source must be a string without NUL, got None"),
        (b'{"source":7,"session":"s"}', "source must be a string without NUL, got 7"),
        (b'{"source":"a"}', "session must be a string without NUL, got None"),
        (b'{"source":"a\\u0000","session":"s"}', "source must be a string without NUL"),
        (b'{"source":"%s","session":"s"}' % (b"x" * 256), "source is limited to 255 characters, got 256"),
    ],
)
def test_it_refuses_what_names_no_session(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        SessionsDeleted.of_session(headers=_HEADERS, body=body, sent_at=None)


def test_it_refuses_a_deletion_of_nobody() -> None:
    with pytest.raises(MalformedMessage, match=r"regards\.tenant"):
        SessionsDeleted.of_source(headers={}, body=b'{"source":"acme"}', sent_at=None)


def test_it_takes_the_end_of_the_second_in_which_a_message_was_sent() -> None:
    assert sent_before({"timestamp": 1_750_000_000}) == datetime(2025, 6, 15, 15, 6, 41, tzinfo=UTC)


@pytest.mark.parametrize("properties", [{}, {"timestamp": "now"}, {"timestamp": 0}, {"timestamp": 2**63}])
def test_it_knows_no_time_that_makes_no_sense(properties: dict[str, object]) -> None:
    assert sent_before(properties) is None
