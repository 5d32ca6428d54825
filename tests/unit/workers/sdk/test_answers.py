from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from kombu import Connection

from tests.unit.workers.sdk.written import Broker, Channel
from workers.contract import answer_bulk, names
from workers.contract.wire import Wire
from workers.sdk.answers import ConfirmedAnswers, DirectAnswers
from workers.sdk.outgoing import MOST_ANSWERS, Outgoing


class Hub:
    """An event loop that never turns, or, if it does not call at once, when the test says so."""

    def __init__(self, *, at_once: bool = True) -> None:
        self._at_once = at_once
        self._soon: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call at once: the test is the loop's thread."""
        self._soon.append(callback)
        if self._at_once:
            self.turn()

    def turn(self) -> None:
        """Call what waits for the loop."""
        soon, self._soon = self._soon, []
        for callback in soon:
            callback()

    def call_later(self, _seconds: float, callback: Callable[[], None]) -> None:
        """Call at once."""
        callback()


def _outgoing(name: str, confirmed: list[str], exchange: str = "e") -> Outgoing:
    return Outgoing(
        exchange=exchange,
        key="#",
        wire=Wire(headers={"regards.tenant": "t"}, body=name.encode(), correlation_id=f"1:1:{ord(name)}"),
        confirmed=lambda: confirmed.append(name),
    )


def _opened() -> tuple[ConfirmedAnswers, Broker, Channel]:
    answers, broker = ConfirmedAnswers(hub=Hub()), Broker()
    answers.open(broker)
    return answers, broker, broker.opened


def test_it_reports_a_message_when_the_broker_confirms_it() -> None:
    confirmed: list[str] = []
    answers, broker, channel = _opened()
    answers.send(_outgoing("a", confirmed))
    answers.send(_outgoing("b", confirmed))
    assert (broker.bodies(), confirmed) == ([b"a", b"b"], [])
    channel.tell("basic_ack", 2, multiple=False)
    assert confirmed == ["b"]


def test_it_knows_what_the_broker_may_not_have() -> None:
    answers, broker, channel = _opened()
    for name in "abc":
        answers.send(_outgoing(name, []))
    broker.bodies()
    channel.tell("basic_ack", 2, multiple=False)
    answers.close()
    answers.send(_outgoing("d", []))
    assert [one.wire.body for one in answers.unconfirmed()] == [b"a", b"c", b"d"]


def test_it_writes_nothing_before_the_turn_ends() -> None:
    answers, broker, _ = _opened()
    answers.send(_outgoing("a", []))
    assert broker.connection.sent == b""


def test_it_reads_one_confirm_for_many() -> None:
    confirmed: list[str] = []
    answers, _, channel = _opened()
    for name in "abcd":
        answers.send(_outgoing(name, confirmed))
    channel.tell("basic_ack", 3, multiple=True)
    assert confirmed == ["a", "b", "c"]


def test_it_sends_the_answers_of_a_turn_to_our_manager_as_one_message() -> None:
    confirmed: list[str] = []
    answers, broker, channel = _opened()
    for name in "abc":
        answers.send(_outgoing(name, confirmed, names.FENCED_ANSWERS))
    (body,) = broker.bodies()
    parts = answer_bulk.parts(Wire(headers={}, body=body), content_type=answer_bulk.CONTENT_TYPE)
    assert [(part.body, part.correlation_id) for part in parts] == [
        (b"a", "1:1:97"),
        (b"b", "1:1:98"),
        (b"c", "1:1:99"),
    ]
    channel.tell("basic_ack", 1, multiple=False)
    assert confirmed == ["a", "b", "c"]


def test_it_begins_a_message_with_each_turn() -> None:
    answers, broker, _ = _opened()
    answers.send(_outgoing("a", [], names.FENCED_ANSWERS))
    broker.bodies()
    answers.send(_outgoing("b", [], names.FENCED_ANSWERS))
    assert broker.bodies() == [b"a", b"b"]


def test_it_limits_the_answers_of_a_message() -> None:
    answers, broker, _ = _opened()
    for _ in range(MOST_ANSWERS + 1):
        answers.send(_outgoing("a", [], names.FENCED_ANSWERS))
    assert [body.count(b"correlationId") for body in broker.bodies()] == [MOST_ANSWERS, 0]


def test_it_sends_to_others_one_message_an_answer() -> None:
    answers, broker, _ = _opened()
    for name in "ab":
        answers.send(_outgoing(name, [], names.RESPONSE_EXCHANGE))
    assert broker.bodies() == [b"a", b"b"]


def test_it_sends_again_on_a_new_connection_what_was_not_confirmed() -> None:
    confirmed: list[str] = []
    answers, _, channel = _opened()
    for name in "abc":
        answers.send(_outgoing(name, confirmed))
    channel.tell("basic_ack", 1, multiple=False)
    answers.close()
    answers.send(_outgoing("d", confirmed))
    second = Broker()
    answers.open(second)
    assert second.bodies() == [b"b", b"c", b"d"]
    second.opened.tell("basic_ack", 3, multiple=True)
    assert confirmed == ["a", "b", "c", "d"]


def test_it_reports_nothing_before_the_loop_of_a_new_connection_turns() -> None:
    confirmed: list[str] = []
    hub = Hub(at_once=False)
    answers = ConfirmedAnswers(hub=hub)
    answers.open(Broker())
    hub.turn()
    answers.send(_outgoing("a", confirmed))
    # The first connection is lost: nobody says so before there is another one.
    second = Broker()
    answers.open(second)
    second.opened.tell("basic_ack", 1, multiple=False)
    assert confirmed == []
    hub.turn()
    assert confirmed == ["a"]


def test_it_reports_the_others_although_one_meets_a_lost_connection() -> None:
    def lose() -> None:
        confirmed.append("a")
        raise ConnectionResetError

    confirmed: list[str] = []
    answers, _, channel = _opened()
    answers.send(replace(_outgoing("a", confirmed, names.FENCED_ANSWERS), confirmed=lose))
    answers.send(_outgoing("b", confirmed, names.FENCED_ANSWERS))
    with pytest.raises(ConnectionResetError):
        channel.tell("basic_ack", 1, multiple=False)
    answers.close()
    answers.open(Broker())
    assert confirmed == ["a", "b"]


def test_it_sends_again_what_the_broker_refuses() -> None:
    confirmed: list[str] = []
    answers, broker, channel = _opened()
    answers.send(_outgoing("a", confirmed))
    channel.tell("basic_nack", 1, multiple=False)
    channel.tell("basic_ack", 2, multiple=False)
    assert broker.bodies() == [b"a", b"a"]
    assert confirmed == ["a"]


def test_it_ignores_a_confirm_that_it_knows_already() -> None:
    confirmed: list[str] = []
    answers, _, channel = _opened()
    answers.send(_outgoing("a", confirmed))
    channel.tell("basic_ack", 1, multiple=False)
    channel.tell("basic_ack", 1, multiple=False)
    assert confirmed == ["a"]


def test_it_does_not_wait_for_a_connection_that_is_gone() -> None:
    answers, _, _ = _opened()
    answers.send(_outgoing("a", []))
    answers.close()
    assert answers.flush(timeout=60) is False


def test_it_publishes_at_once_where_nothing_is_confirmed() -> None:
    confirmed: list[str] = []
    with Connection("memory://") as connection:
        queue = connection.SimpleQueue("answers")
        answers = DirectAnswers(connect=lambda: connection)
        message: Any = Outgoing(
            exchange="",
            key="answers",
            wire=Wire(headers={"h": "v"}, body=b"{}", correlation_id="1:1:1"),
            confirmed=lambda: confirmed.append("a"),
        )
        answers.send(message)
        received = queue.get(timeout=1)
        queue.close()
    assert confirmed == ["a"]
    assert received.headers == {"h": "v"}
    assert received.properties["correlation_id"] == "1:1:1"
