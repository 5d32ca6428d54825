import struct
from types import SimpleNamespace
from typing import Any

from workers.transport.acknowledgements import Acknowledgements
from workers.transport.turns import HeldWrites, TurnChannel

_ACK = struct.Struct(">BHIHHQBB")


def _told(acknowledgements: Acknowledgements) -> list[tuple[int, bool]]:
    """Return tag and "multiple" of each frame."""
    frames = _ACK.iter_unpack(acknowledgements.frames())
    return [(tag, bool(multiple)) for _, _, _, _, _, tag, multiple, _ in frames]


def _acknowledged(*tags: int) -> Acknowledgements:
    acknowledgements = Acknowledgements(channel_id=1)
    for tag in tags:
        acknowledgements.add(tag)
    return acknowledgements


def test_it_writes_one_frame_for_deliveries_in_a_row() -> None:
    assert _told(_acknowledged(2, 1, 3)) == [(3, True)]


def test_it_leaves_out_what_is_still_in_hand() -> None:
    assert _told(_acknowledged(1, 2, 4, 6)) == [(2, True), (4, False), (6, False)]


def test_it_goes_on_behind_a_gap_that_was_closed() -> None:
    acknowledgements = _acknowledged(1, 3)
    _told(acknowledgements)
    acknowledgements.add(2)
    assert _told(acknowledgements) == [(2, True)]
    acknowledgements.add(4)
    assert _told(acknowledgements) == [(4, True)]


def test_it_never_names_a_delivery_that_was_rejected() -> None:
    acknowledgements = _acknowledged(1, 2)
    acknowledgements.pass_over(3)
    assert _told(acknowledgements) == [(2, True)]
    acknowledgements.add(4)
    assert _told(acknowledgements) == [(4, True)]


def test_it_tells_of_each_once() -> None:
    acknowledgements = _acknowledged(1)
    _told(acknowledgements)
    assert _told(acknowledgements) == []


def test_it_says_which_is_the_first_that_waits() -> None:
    acknowledgements = Acknowledgements(channel_id=1)
    assert [acknowledgements.add(1), acknowledgements.add(2)] == [True, False]


def test_it_writes_the_frame_of_the_protocol() -> None:
    assert _acknowledged(1).frames() == bytes.fromhex("01 0001 0000000d 003c 0050 0000000000000001 01 ce")


def test_it_acknowledges_nothing_that_is_rejected_in_the_same_turn() -> None:
    sent: list[bytes] = []
    held = HeldWrites(sent.append, watched=False)
    channel: Any = TurnChannel.__new__(TurnChannel)
    channel.channel_id = 1
    channel.connection = SimpleNamespace(held=held, frame_writer=lambda *_method: held.write(b"rejected"))
    channel.basic_ack(2)
    channel.basic_reject(1, requeue=False)
    channel.basic_ack(3)
    held.flush()
    assert b"".join(sent) == _frame(2, multiple=False) + b"rejected" + _frame(3, multiple=True)


def _frame(tag: int, *, multiple: bool) -> bytes:
    return _ACK.pack(1, 1, 13, 60, 80, tag, multiple, 0xCE)
