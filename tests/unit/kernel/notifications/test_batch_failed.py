"""What operators read, and the bytes that REGARDS expects around it."""

from collections.abc import Sequence

import pytest

from regards_processing.kernel.amqp.failures import Failure, FailureKind
from regards_processing.kernel.amqp.testing import inbound
from regards_processing.kernel.notifications.batch_failed import BatchFailed


def _failure(
    kind: FailureKind = FailureKind.NOT_CONVERTED_MESSAGE, *, body: bytes = b"{nope", reason: str = "Odd"
) -> Failure:
    return Failure(message=inbound(headers={}, body=body), kind=kind, reason=reason)


def _event(failures: Sequence[Failure], *, excerpt: int = 1000) -> BatchFailed:
    return BatchFailed(tenant="demo", sender="rs-any", queue="q", failures=failures, excerpt=excerpt)


def test_it_writes_the_event_as_regards_does() -> None:
    message = _event([_failure()]).to_message()
    assert message.body == (
        b'{"notification":{"message":"Errors in q: 1\\nNOT_CONVERTED_MESSAGE: 1\\nFirst reason: Odd\\n'
        b'First body, of 5 bytes: {nope","title":"AMQP batch processing failure.","level":"ERROR",'
        b'"sender":"rs-any","roleRecipients":["EXPLOIT"],"projectUserRecipients":[],"mimeType":"text/plain"}}'
    )
    event = "fr.cnes.regards.framework.amqp.event.notification.NotificationEvent"
    assert message.headers == {
        "regards.tenant": "demo",
        "regards.converter": "GSON",
        "regards.type": event,
    }
    assert (message.exchange, message.routing_key) == (f"regards.broadcast.{event}", "")
    assert (message.priority, message.mandatory) == (1, False)


def test_it_counts_each_kind() -> None:
    kinds = [
        FailureKind.UNEXPECTED_BATCH_FAILURE,
        FailureKind.INVALID_MESSAGE,
        FailureKind.NOT_CONVERTED_MESSAGE,
        FailureKind.INVALID_MESSAGE,
    ]
    text = _event([_failure(kind) for kind in kinds]).text
    assert text.splitlines()[:4] == [
        "Errors in q: 4",
        "INVALID_MESSAGE: 2",
        "NOT_CONVERTED_MESSAGE: 1",
        "UNEXPECTED_BATCH_FAILURE: 1",
    ]


@pytest.mark.parametrize(
    ("body", "excerpt", "shown"),
    [
        (b"abcdef", 4, "First body, of 6 bytes: abcd"),
        (b"abcd", 4, "First body, of 4 bytes: abcd"),
        ("éééé€".encode(), 4, "First body, of 11 bytes: éééé"),
        ("\U0001f600\U0001f600\U0001f600".encode(), 2, "First body, of 12 bytes: \U0001f600\U0001f600"),
        (b"\xff\xfe!", 9, "First body, of 3 bytes: \ufffd\ufffd!"),
        (b"secret", 0, "First body, of 6 bytes: "),
        (b"", 9, "First body, of 0 bytes: "),
    ],
)
def test_it_shows_the_start_of_the_first_body(body: bytes, excerpt: int, shown: str) -> None:
    text = _event([_failure(body=body), _failure(body=b"another")], excerpt=excerpt).text
    assert text.splitlines()[-1] == shown


def test_it_cuts_a_long_reason() -> None:
    text = _event([_failure(reason="r" * 5000)]).text
    assert f"First reason: {'r' * 1000}\n" in text
