from collections import defaultdict
from collections.abc import Callable
from typing import Any

from kombu import Connection

from workers.contract.wire import Wire
from workers.sdk.answers import ConfirmedAnswers, DirectAnswers, Outgoing


class Hub:
    """An event loop that never turns."""

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call at once: the test is the loop's thread."""
        callback()

    def call_later(self, _seconds: float, callback: Callable[[], None]) -> None:
        """Call at once."""
        callback()


class Channel:
    """A channel that notes what is written, and confirms when the test says so."""

    def __init__(self) -> None:
        self.events: dict[str, set[Callable[[int, bool], None]]] = defaultdict(set)
        self.written: list[bytes] = []

    def confirm_select(self) -> None:
        """Accept."""

    def prepare_message(self, body: bytes, **_properties: object) -> bytes:
        """Keep the body only."""
        return body

    def send_method(self, _signature: object, _format: str, _arguments: object, message: bytes) -> None:
        """Note a message."""
        self.written.append(message)

    def tell(self, event: str, tag: int, *, multiple: bool) -> None:
        """Play the broker."""
        for callback in self.events[event]:
            callback(tag, multiple)


class Broker:
    """A connection with one channel."""

    def __init__(self) -> None:
        self.opened = Channel()

    def channel(self) -> Channel:
        """Open the channel."""
        return self.opened


def _outgoing(name: str, confirmed: list[str]) -> Outgoing:
    return Outgoing(
        exchange="e",
        key="#",
        wire=Wire(headers={}, body=name.encode()),
        confirmed=lambda: confirmed.append(name),
    )


def _opened() -> tuple[ConfirmedAnswers, Channel]:
    answers, broker = ConfirmedAnswers(hub=Hub()), Broker()
    answers.open(broker)
    return answers, broker.opened


def test_it_reports_a_message_when_the_broker_confirms_it() -> None:
    confirmed: list[str] = []
    answers, channel = _opened()
    answers.send(_outgoing("a", confirmed))
    answers.send(_outgoing("b", confirmed))
    assert (channel.written, confirmed) == ([b"a", b"b"], [])
    channel.tell("basic_ack", 2, multiple=False)
    assert confirmed == ["b"]


def test_it_reads_one_confirm_for_many() -> None:
    confirmed: list[str] = []
    answers, channel = _opened()
    for name in "abcd":
        answers.send(_outgoing(name, confirmed))
    channel.tell("basic_ack", 3, multiple=True)
    assert confirmed == ["a", "b", "c"]


def test_it_sends_again_on_a_new_connection_what_was_not_confirmed() -> None:
    confirmed: list[str] = []
    answers, channel = _opened()
    for name in "abc":
        answers.send(_outgoing(name, confirmed))
    channel.tell("basic_ack", 1, multiple=False)
    answers.close()
    answers.send(_outgoing("d", confirmed))
    second = Broker()
    answers.open(second)
    assert second.opened.written == [b"b", b"c", b"d"]
    second.opened.tell("basic_ack", 3, multiple=True)
    assert confirmed == ["a", "b", "c", "d"]


def test_it_sends_again_what_the_broker_refuses() -> None:
    confirmed: list[str] = []
    answers, channel = _opened()
    answers.send(_outgoing("a", confirmed))
    channel.tell("basic_nack", 1, multiple=False)
    channel.tell("basic_ack", 2, multiple=False)
    assert channel.written == [b"a", b"a"]
    assert confirmed == ["a"]


def test_it_ignores_a_confirm_that_it_knows_already() -> None:
    confirmed: list[str] = []
    answers, channel = _opened()
    answers.send(_outgoing("a", confirmed))
    channel.tell("basic_ack", 1, multiple=False)
    channel.tell("basic_ack", 1, multiple=False)
    assert confirmed == ["a"]


def test_it_does_not_wait_for_a_connection_that_is_gone() -> None:
    answers, _ = _opened()
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
