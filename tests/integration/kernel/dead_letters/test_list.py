"""Looking at dead letters: nothing is removed, and nothing changes its place."""

from datetime import UTC, datetime

import pytest

from regards_processing.kernel.dead_letters.errors import NoSuchDeadLetter, UnknownDeadLetterQueue
from regards_processing.kernel.dead_letters.queries import first_letters, letter_at, queue_counts
from tests.integration.kernel.dead_letters.mailbox import ANSWERS, ANSWERS_DLQ, DLQ, Mailbox

_NUMBERS = [b"%d" % number for number in range(30)]


def _counts() -> dict[str, int]:
    return {each.queue: each.messages for each in queue_counts()}


def test_it_counts_each_queue(mailbox: Mailbox) -> None:
    mailbox.bury(*_NUMBERS)
    assert _counts() == {DLQ: 0, ANSWERS_DLQ: 30}


def test_it_leaves_all_messages_in_their_order(mailbox: Mailbox) -> None:
    mailbox.bury(*_NUMBERS[:20])
    mailbox.bury(*_NUMBERS[20:])
    listed = first_letters(queue=ANSWERS_DLQ, limit=12)
    again = first_letters(queue=ANSWERS_DLQ, limit=12)
    assert [letter.body for letter in listed] == [letter.body for letter in again] == _NUMBERS[:12]
    assert _counts()[ANSWERS_DLQ] == 30
    assert mailbox.bodies(ANSWERS_DLQ) == _NUMBERS


@pytest.mark.rabbitmq
def test_it_leaves_messages_of_several_priorities_in_their_order(mailbox: Mailbox) -> None:
    mailbox.bury(b"low", b"low too", priority=1)
    mailbox.bury(b"high", priority=9)
    first_letters(queue=ANSWERS_DLQ, limit=2)
    assert mailbox.bodies(ANSWERS_DLQ) == [b"high", b"low", b"low too"]


def test_it_tells_why_and_where(mailbox: Mailbox) -> None:
    mailbox.bury(b"{}", properties={"timestamp": 1_780_000_000})
    (letter,) = first_letters(queue=ANSWERS_DLQ, limit=5)
    assert (letter.position, letter.reason, letter.died_in) == (1, "it broke", ANSWERS)
    assert (letter.tenant, letter.request_id) == ("demo", "r-1")
    assert letter.exchange == "regards.worker.manager.response"
    assert letter.sent_at == datetime.fromtimestamp(1_780_000_000, tz=UTC)


def test_it_finds_one_by_its_position(mailbox: Mailbox) -> None:
    mailbox.bury(*_NUMBERS)
    assert letter_at(queue=ANSWERS_DLQ, position=7).body == b"6"
    assert mailbox.bodies(ANSWERS_DLQ) == _NUMBERS


def test_it_says_that_there_are_not_so_many(mailbox: Mailbox) -> None:
    mailbox.bury(b"only one")
    with pytest.raises(NoSuchDeadLetter, match="has no message number 2"):
        letter_at(queue=ANSWERS_DLQ, position=2)


def test_it_shows_no_other_queue(mailbox: Mailbox) -> None:
    mailbox.put(ANSWERS, b"{}")
    with pytest.raises(UnknownDeadLetterQueue, match="keeps no dead letters of the platform"):
        first_letters(queue=ANSWERS, limit=1)
