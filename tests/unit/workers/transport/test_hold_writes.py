import threading

import pytest

from workers.transport.turns import HeldWrites


def test_it_sends_what_was_written_in_one_piece_and_in_order() -> None:
    sent: list[bytes] = []
    held = HeldWrites(sent.append, watched=False)
    held.write(b"a")
    held.write_later(lambda: b"b")
    held.write(b"c")
    assert sent == []
    held.flush()
    assert sent == [b"abc"]


def test_it_sends_nothing_twice() -> None:
    sent: list[bytes] = []
    held = HeldWrites(sent.append, watched=False)
    held.write(b"a")
    held.flush()
    held.flush()
    assert sent == [b"a"]


def test_it_keeps_its_own_copy_of_memory_that_the_caller_uses_again() -> None:
    sent: list[bytes] = []
    held = HeldWrites(sent.append, watched=False)
    memory = bytearray(b"first")
    held.write(memoryview(memory))
    memory[:] = b"other"
    held.flush()
    assert sent == [b"first"]


def test_it_does_not_hold_much() -> None:
    sent: list[bytes] = []
    held = HeldWrites(sent.append, watched=False)
    held.write(bytes(100_000))
    assert sum(map(len, sent)) == 100_000


def test_it_does_not_wait_for_a_busy_loop() -> None:
    left = threading.Event()
    held = HeldWrites(lambda _data: left.set(), watched=True)
    held.write(b"a")
    assert left.wait(10)
    held.close()


def test_it_tells_the_caller_that_the_connection_is_lost() -> None:
    def refuse(_data: bytes) -> None:
        raise BrokenPipeError

    held = HeldWrites(refuse, watched=False)
    held.write(b"a")
    with pytest.raises(BrokenPipeError):
        held.flush()
    # Half of the last piece may have left: what follows it would be nonsense.
    held.write(b"b")
    with pytest.raises(ConnectionError, match="earlier write"):
        held.flush()


def test_it_sends_nothing_when_it_is_closed() -> None:
    sent: list[bytes] = []
    held = HeldWrites(sent.append, watched=False)
    held.write(b"a")
    held.close()
    held.flush()
    assert sent == []
