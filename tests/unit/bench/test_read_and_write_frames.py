"""The client's frames are those of AMQP, and whole messages come out of any pieces."""

import socket
from typing import cast

import pytest

from bench.broker import Broker
from bench.stream import Stream, encoded


class _Pieces:
    """A socket that gives what it was told to, piece by piece."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def settimeout(self, _seconds: float | None) -> None:
        pass

    def recv(self, _size: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


class _Broker:
    def __init__(self, taken: _Pieces) -> None:
        self.taken = taken

    def consume(self, _queue: str) -> socket.socket:
        return cast("socket.socket", self.taken)


def _stream(*pieces: bytes) -> Stream:
    return Stream(cast("Broker", _Broker(_Pieces(*pieces))), queue="any")


def _message(body: str) -> bytes:
    return encoded(exchange="", routing_key="queue", body=body, headers={"name": "value"}, priority=1)


def test_it_finds_the_bodies_of_several_messages() -> None:
    stream = _stream(_message("one") + _message("two"))
    assert list(stream.bodies(timeout=1)) == [b"one", b"two"]


def test_it_waits_for_the_rest_of_a_message() -> None:
    frames = _message("one")
    stream = _stream(frames[:-2], frames[-2:])
    assert list(stream.bodies(timeout=1)) == []
    assert list(stream.bodies(timeout=1)) == [b"one"]


def test_it_says_when_the_broker_has_gone() -> None:
    with pytest.raises(ConnectionError):
        list(_stream().bodies(timeout=1))


def test_it_carries_headers_and_length() -> None:
    frames = _message("five!")
    assert b"name" in frames
    assert b"value" in frames
    assert (5).to_bytes(8, "big") in frames
