"""Dead letters find their place, whatever the broker refuses of them."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.dead_letters import dead_letter, publish_dead_letters
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import MessagesRefused, PublishNotConfirmed
from regards_processing.kernel.amqp.testing import InMemoryBroker, inbound
from workers.transport.frames import PublishEncoder

_LARGE = b"x" * (1024**2 + 1)


class Refusing(InMemoryBroker):
    """Refuses messages for a reason, and takes their neighbours."""

    def __init__(self, refuses: Callable[[Outbound], bool]) -> None:
        super().__init__()
        self._refuses = refuses

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        super().publish_all([message for message in messages if not self._refuses(message)])
        refused = {at: "too much" for at, message in enumerate(messages) if self._refuses(message)}
        if refused:
            raise MessagesRefused(refused)


def _letter(name: str, *, body: bytes = b"{}", **headers: Any) -> Outbound:
    message = inbound(
        headers={"regards.tenant": "perf", "regards.request.id": name, **headers},
        body=body,
        message_id=name,
        properties={"reply_to": "r"},
    )
    return dead_letter(message, queue=topology.answers(), reason="why", stacktrace="where")


def test_it_sends_again_with_little_what_the_broker_refuses(caplog: pytest.LogCaptureFixture) -> None:
    broker = Refusing(lambda message: "odd" in message.headers)
    publish_dead_letters([_letter("a"), _letter("b", odd=1, even=2), _letter("c")], publisher=broker)
    assert [message.message_id for message in broker.published] == ["a", "c", "b"]
    assert broker.published[2].headers == {
        "regards.tenant": "perf",
        "regards.request.id": "b",
        "x-original-exchange": "",
        "x-original-routingKey": "",
        "x-death-queue": "regards.worker.manager.response",
        "x-exception-message": "why [refused by the broker: too much]",
        "x-exception-stacktrace": "where",
        "x-dropped-headers": 2,
    }
    assert (broker.published[2].body, broker.published[2].properties) == (b"{}", {})
    [record] = caplog.records
    assert (record.levelno, record.__dict__["action"]) == (logging.ERROR, "dead_letters.reduced")
    assert record.__dict__["request_ids"] == ["b"]


def test_it_fits_into_the_smallest_frame_then() -> None:
    broker = Refusing(lambda message: bool(message.properties))
    long = {f"regards.{number}": "€" * 60 for number in range(99)}
    message = inbound(
        headers=long,
        body=b"",
        message_id="m" * 255,
        correlation_id="c" * 255,
        properties={"content_type": "t" * 255, "content_encoding": "e" * 255, "reply_to": "r"},
    )
    letter = dead_letter(message, queue=topology.answers(), reason="€" * 999, stacktrace="€" * 9999)
    publish_dead_letters([letter], publisher=broker)
    encoder = PublishEncoder(channel_id=1, frame_max=4096, app_id="a" * 255)
    assert encoder.encode(broker.published[0], timestamp=1)
    assert broker.published[0].headers["x-dropped-headers"] == 94


def test_it_goes_without_its_body_where_nothing_else_helps() -> None:
    broker = Refusing(lambda message: len(message.body) > 1024**2)
    publish_dead_letters([_letter("a", body=_LARGE)], publisher=broker)
    [kept] = broker.published
    assert (kept.body, kept.headers["x-dropped-body"]) == (b"", len(_LARGE))
    assert kept.headers["x-exception-message"].startswith("[body left out: too much] why")


@pytest.mark.parametrize("body", [b"{}", _LARGE])
def test_it_waits_where_there_is_no_place_for_dead_letters(body: bytes) -> None:
    broker = Refusing(lambda _message: True)
    with pytest.raises(PublishNotConfirmed, match="1 dead letters have no place: too much"):
        publish_dead_letters([_letter("a", body=body)], publisher=broker)
    assert broker.published == []
