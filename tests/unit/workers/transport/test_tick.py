"""What a loop does each time it turns, whatever the socket says."""

from typing import Any

from workers.transport.turns import HeldWrites, TurnConnection, TurnTransport


class Buffer:
    """Frames that were read and not handled."""

    def __init__(self, *, buffered: bool) -> None:
        self.buffered = buffered


class Transport(TurnTransport):
    """Notes when it is told to read."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def on_readable(self, connection: Any, loop: Any) -> None:
        """Note the call."""
        self.told.append((connection, loop))


def _connection(*, buffered: bool) -> tuple[Any, list[bytes]]:
    connection: Any = TurnConnection.__new__(TurnConnection)
    sent: list[bytes] = []
    connection.arrivals = Buffer(buffered=buffered)
    connection.held = HeldWrites(sent.append, watched=False)
    return connection, sent


def test_it_handles_what_was_read_while_an_answer_was_waited_for() -> None:
    connection, _ = _connection(buffered=True)
    transport = Transport()
    connection.tick(transport, "loop")
    assert transport.told == [(connection, "loop")]


def test_it_does_not_read_when_nothing_was_read_already() -> None:
    connection, _ = _connection(buffered=False)
    transport = Transport()
    connection.tick(transport, "loop")
    assert transport.told == []


def test_it_sends_what_other_threads_left() -> None:
    connection, sent = _connection(buffered=False)
    connection.held.write(b"answer")
    connection.tick(Transport(), "loop")
    assert sent == [b"answer"]
