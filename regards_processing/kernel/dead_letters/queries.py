"""Looking at dead letters; looking removes none and leaves their order."""

from dataclasses import dataclass

from regards_processing.kernel.amqp.browsers import browsing
from regards_processing.kernel.amqp.inspectors import inspecting
from regards_processing.kernel.amqp.topology import QueueSpec, dead_letter_queues
from regards_processing.kernel.dead_letters.choice import Choice
from regards_processing.kernel.dead_letters.description import DeadLetter
from regards_processing.kernel.dead_letters.errors import NoSuchDeadLetter, UnknownDeadLetterQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCount:
    """How many dead letters a queue has."""

    queue: str
    messages: int


def queue_named(queue: str) -> QueueSpec:
    """Return a dead-letter queue of the platform.

    Raises:
        UnknownDeadLetterQueue: there is none of this name.
    """
    known = {spec.name: spec for spec in dead_letter_queues()}
    if queue not in known:
        raise UnknownDeadLetterQueue(
            f"{queue!r} keeps no dead letters of the platform: {', '.join(known)} do"
        )
    return known[queue]


def queue_counts() -> list[QueueCount]:
    """Count the dead letters of each queue; a queue that nobody has declared yet has none.

    Raises:
        BrokerUnavailable: the broker cannot be reached.
    """
    with inspecting() as inspector:
        found = [(spec, inspector.queue(spec)) for spec in dead_letter_queues()]
    return [QueueCount(queue=spec.name, messages=facts.messages if facts else 0) for spec, facts in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found in a queue."""

    letters: list[DeadLetter]
    #: Whether all messages of the queue were looked at.
    complete: bool


def look(*, choice: Choice, excerpt: int | None = None) -> Look:
    """Return the messages that are meant, and whether there may be more behind those that were looked at.

    Raises:
        UnknownDeadLetterQueue: there is no queue of this name.
        BrokerUnavailable: the broker cannot be reached.
    """
    with browsing(queue_named(choice.queue)) as browser:
        pick = choice.pick(browser.letters())
        letters = [DeadLetter.of(letter, excerpt=excerpt) for letter in pick]
    return Look(letters=letters, complete=not pick.cut)


def chosen_letters(*, choice: Choice, excerpt: int | None = None) -> list[DeadLetter]:
    """Return the messages that are meant, with the first bytes of their bodies, or with all of them.

    Raises:
        UnknownDeadLetterQueue: there is no queue of this name.
        BrokerUnavailable: the broker cannot be reached.
    """
    return look(choice=choice, excerpt=excerpt).letters


def count_chosen(*, choice: Choice) -> int:
    """Count the messages that are meant.

    Raises:
        UnknownDeadLetterQueue: there is no queue of this name.
        BrokerUnavailable: the broker cannot be reached.
    """
    with browsing(queue_named(choice.queue)) as browser:
        return sum(1 for _ in choice.pick(browser.letters()))


def first_letters(*, queue: str, limit: int) -> list[DeadLetter]:
    """Return the messages that come next in a queue.

    Raises:
        UnknownDeadLetterQueue: there is none of this name.
        BrokerUnavailable: the broker cannot be reached.
    """
    return chosen_letters(choice=Choice(queue=queue, limit=limit))


def letter_at(*, queue: str, position: int) -> DeadLetter:
    """Return one message of a queue; 1 is the next one.

    Raises:
        UnknownDeadLetterQueue: there is no queue of this name.
        NoSuchDeadLetter: it has fewer messages.
        BrokerUnavailable: the broker cannot be reached.
    """
    with browsing(queue_named(queue)) as browser:
        for letter in browser.letters():
            if letter.position == position:
                return DeadLetter.of(letter)
    raise NoSuchDeadLetter(f"{queue} has no message number {position}")
