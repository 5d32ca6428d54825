"""The rule of what is acknowledged and what is dead-lettered, with a broker in memory."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.db import DatabaseError, InternalError, OperationalError

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import BatchConsumer, Refusal
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.failures import Failure, FailureKind
from regards_processing.kernel.amqp.testing import InMemoryBroker, inbound
from workers.contract.errors import InvalidHeader, MalformedMessage


class Recorder(BatchConsumer[str]):
    """Takes text; some texts make it fail."""

    queue = topology.requests()
    max_body_bytes = 20

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.told: list[list[tuple[FailureKind, str]]] = []
        self.poison: dict[str, Exception] = {}
        self.refused: set[str] = set()

    def decode(self, message: Inbound) -> str:
        text = message.body.decode()
        if text == "malformed":
            raise MalformedMessage("not what we agreed")
        if text == "nameless":
            raise InvalidHeader("Missing **id**")
        return text

    def handle(self, items: Sequence[str]) -> Sequence[Refusal]:
        self.calls.append(list(items))
        for error in [self.poison[text] for text in items if text in self.poison]:
            raise error
        return [
            Refusal(index=index, reason="unknown tenant", code="UNKNOWN_TENANT")
            for index, text in enumerate(items)
            if text in self.refused
        ]

    def notify(self, failures: Sequence[Failure]) -> None:
        self.told.append([(failure.kind, failure.reason) for failure in failures])


@pytest.fixture
def consumer() -> Recorder:
    return Recorder()


@pytest.fixture
def broker() -> InMemoryBroker:
    return InMemoryBroker()


def messages(*texts: str) -> list[Inbound]:
    return [inbound(headers={"regards.tenant": "perf"}, body=text.encode()) for text in texts]


def bodies(copies: Sequence[Outbound]) -> list[str]:
    return [copy.body.decode() for copy in copies]


def test_it_handles_a_bulk_with_one_call(consumer: Recorder, broker: InMemoryBroker) -> None:
    bulk = messages("a", "b", "c")
    broker.feed(consumer, bulk)
    assert consumer.calls == [["a", "b", "c"]]
    assert broker.acknowledged == bulk
    assert broker.published == []


def test_it_names_the_queue_that_a_dead_letter_is_to_go_back_to(
    consumer: Recorder, broker: InMemoryBroker
) -> None:
    consumer.queue, consumer.home = topology.requests_of("perf"), topology.requests()
    broker.feed(consumer, messages("malformed"))
    [copy] = broker.published_to("regards.DLX")
    assert copy.headers["x-death-queue"] == topology.REQUEST_QUEUE


def test_it_keeps_a_malformed_message_with_the_reason(consumer: Recorder, broker: InMemoryBroker) -> None:
    broker.feed(consumer, messages("a", "malformed", "b"))
    [copy] = broker.published_to("regards.DLX")
    assert consumer.calls == [["a", "b"]]
    assert (copy.body, copy.routing_key) == (b"malformed", "regards.DLQ")
    assert copy.headers["x-exception-message"] == "not what we agreed"
    assert copy.headers["x-exception-stacktrace"] == "MALFORMED_MESSAGE: not what we agreed"
    assert consumer.told == [[("NOT_CONVERTED_MESSAGE", "not what we agreed")]]


def test_it_refuses_a_body_that_is_too_large(consumer: Recorder, broker: InMemoryBroker) -> None:
    broker.feed(consumer, messages("a", "x" * 21))
    assert consumer.calls == [["a"]]
    assert broker.published[0].headers["x-exception-message"] == "Body is limited to 20 bytes, got 21"


def test_it_refuses_a_message_whose_properties_are_unreadable(
    consumer: Recorder, broker: InMemoryBroker
) -> None:
    odd = Inbound(queue="", exchange="", routing_key="", headers={}, body=b"b", unreadable="year 10000")
    broker.feed(consumer, [*messages("a"), odd])
    assert consumer.calls == [["a"]]
    assert broker.published[0].headers["x-exception-message"].endswith("cannot be read: year 10000")


def test_it_isolates_a_message_that_cannot_be_decoded(consumer: Recorder, broker: InMemoryBroker) -> None:
    odd = inbound(headers={}, body=b"\xff")
    broker.feed(consumer, [odd, *messages("a")])
    assert consumer.calls == [["a"]]
    assert "UnicodeDecodeError" in broker.published[0].headers["x-exception-message"]


def test_it_isolates_a_message_that_fails(consumer: Recorder, broker: InMemoryBroker) -> None:
    consumer.poison = {"bad": KeyError("surprise")}
    broker.feed(consumer, messages("a", "bad", "c"))
    assert consumer.calls == [["a", "bad", "c"], ["a"], ["bad"], ["c"]]
    [copy] = broker.published
    assert copy.body == b"bad"
    assert copy.headers["x-exception-message"] == "KeyError('surprise')"
    assert "Traceback" in copy.headers["x-exception-stacktrace"]


def test_it_tries_a_single_message_once(consumer: Recorder, broker: InMemoryBroker) -> None:
    consumer.poison = {"bad": KeyError("surprise")}
    broker.feed(consumer, messages("bad"))
    assert consumer.calls == [["bad"]]
    assert bodies(broker.published) == ["bad"]


def test_it_logs_each_failure_once(
    consumer: Recorder, broker: InMemoryBroker, caplog: pytest.LogCaptureFixture
) -> None:
    consumer.poison = {"bad": KeyError("surprise"), "worse": ValueError("again")}
    broker.feed(consumer, messages("bad", "b", "worse"))
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [
        True,
        True,
    ]


def test_it_keeps_what_the_service_refuses(consumer: Recorder, broker: InMemoryBroker) -> None:
    consumer.refused = {"b"}
    broker.feed(consumer, messages("a", "b"))
    [copy] = broker.published
    assert copy.body == b"b"
    assert copy.headers["x-exception-message"] == "unknown tenant"
    assert copy.headers["x-exception-stacktrace"] == "UNKNOWN_TENANT: unknown tenant"


def test_it_counts_refusals_among_the_decoded_messages(consumer: Recorder, broker: InMemoryBroker) -> None:
    consumer.refused = {"b"}
    broker.feed(consumer, messages("malformed", "b"))
    assert sorted(bodies(broker.published)) == ["b", "malformed"]


def _of_database(kind: type[DatabaseError], code: str | None, text: str = "") -> DatabaseError:
    """Return the error of a driver, as Django passes it on."""
    cause = Exception(text)
    cause.pgcode = code  # type: ignore[attr-defined] # as the driver's has it
    error = kind(text)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("gone"),
        BrokerUnavailable(),
        ConnectionResetError(),
        _of_database(InternalError, "25006"),
        _of_database(InternalError, "25P03"),
        _of_database(InternalError, "25P04"),
    ],
)
def test_it_acknowledges_nothing_when_database_or_broker_is_down(
    consumer: Recorder, broker: InMemoryBroker, error: Exception
) -> None:
    consumer.poison = {"b": error}
    with pytest.raises(type(error)):
        broker.feed(consumer, messages("a", "b"))
    assert (broker.acknowledged, broker.published) == ([], [])


def test_it_acknowledges_nothing_when_dead_letters_cannot_be_kept(
    consumer: Recorder, broker: InMemoryBroker
) -> None:
    broker.down = True
    with pytest.raises(BrokerUnavailable):
        broker.feed(consumer, messages("malformed"))
    assert broker.acknowledged == []


class Speechless(Recorder):
    """Cannot tell operators anything."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def notify(self, failures: Sequence[Failure]) -> None:  # noqa: ARG002 (of every consumer)
        raise self.error


@pytest.mark.parametrize("error", [TypeError("odd"), OperationalError("gone"), BrokerUnavailable()])
def test_it_keeps_messages_and_says_so_once_when_operators_cannot_be_told(
    broker: InMemoryBroker, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    speechless = Speechless(error)
    bulk = messages("malformed", "a", "malformed")
    broker.feed(speechless, bulk)
    assert bodies(broker.published) == ["malformed", "malformed"]
    assert (speechless.calls, broker.acknowledged) == ([["a"]], bulk)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "operators could not be told"
    ]


def test_it_tells_operators_once_of_all_that_went_wrong_in_a_bulk(
    consumer: Recorder, broker: InMemoryBroker
) -> None:
    consumer.poison = {"bad": KeyError("surprise")}
    unreadable = Inbound(queue="", exchange="", routing_key="", headers={}, body=b"", unreadable="odd")
    no_tenant = inbound(headers={"regards.tenant": ""}, body=b"nameless")
    broker.feed(consumer, [*messages("a", "malformed", "nameless", "bad"), unreadable, no_tenant])
    assert [[kind for kind, _ in bulk] for bulk in consumer.told] == [
        [
            "NOT_CONVERTED_MESSAGE",
            "INVALID_MESSAGE",
            "NOT_CONVERTED_MESSAGE",
            "MISSING_TENANT",
            "UNEXPECTED_BATCH_FAILURE",
        ]
    ]
    assert consumer.told[0][-1] == ("UNEXPECTED_BATCH_FAILURE", "KeyError('surprise')")


def test_it_tells_operators_nothing_of_what_was_handled_or_refused(
    consumer: Recorder, broker: InMemoryBroker
) -> None:
    consumer.refused = {"b"}
    broker.feed(consumer, messages("a", "b"))
    assert consumer.told == []


def test_it_calls_no_service_when_nothing_is_left(consumer: Recorder, broker: InMemoryBroker) -> None:
    broker.feed(consumer, messages("malformed"))
    assert consumer.calls == []


class Splitter(Recorder):
    """Takes messages that stand for several."""

    max_items = 2

    def parts(self, message: Inbound) -> Sequence[Inbound]:
        if b"broken" in message.body:
            raise MalformedMessage("cannot be taken apart")
        return [replace(message, body=body) for body in message.body.split(b"+")]


def test_it_takes_apart_messages_that_stand_for_several() -> None:
    splitter = Splitter()
    splitter.refused = {"b"}
    copies = splitter.process(messages("a+b", "broken", "malformed+c"))
    assert splitter.calls == [["a", "b"], ["c"]]
    assert [copy.body for copy in copies] == [b"b", b"broken", b"malformed"]
    assert splitter.told == [
        [
            ("NOT_CONVERTED_MESSAGE", "cannot be taken apart"),
            ("NOT_CONVERTED_MESSAGE", "not what we agreed"),
        ]
    ]


def test_it_hands_over_no_more_at_a_time_than_it_may() -> None:
    splitter = Splitter()
    splitter.process(messages("a+b+c", "d+e"))
    assert splitter.calls == [["a", "b"], ["c", "d"], ["e"]]


@pytest.mark.parametrize(
    "error",
    [
        _of_database(OperationalError, "54000", "index row requires 16040 bytes, maximum size is 8191"),
        _of_database(OperationalError, None, "too many SQL variables"),
    ],
    ids=str,
)
def test_it_keeps_what_a_database_refuses_for_its_size(
    error: OperationalError, consumer: Recorder, broker: InMemoryBroker
) -> None:
    consumer.poison = {"b": error}
    bulk = messages("a", "b", "c")
    broker.feed(consumer, bulk)
    assert broker.acknowledged == bulk
    assert bodies(broker.published) == ["b"]


def test_it_acknowledges_nothing_when_the_database_has_no_room(
    consumer: Recorder, broker: InMemoryBroker
) -> None:
    consumer.poison = {
        "b": _of_database(OperationalError, "53100", "could not extend file: No space left on device")
    }
    with pytest.raises(OperationalError):
        broker.feed(consumer, messages("a", "b"))
    assert (broker.acknowledged, broker.published) == ([], [])
