"""The doctor finds what is wrong with RabbitMQ, and changes nothing."""

import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.rabbitmq_source import RabbitSource
from regards_processing.kernel.doctor import broker
from regards_processing.kernel.doctor.checks import Look
from regards_processing.kernel.doctor.findings import Finding, Outcome
from tests.factories.audit import NOON
from tests.integration.kernel.doctor.operator_tools import Operator
from tests.stack.environment import with_path

pytestmark = [pytest.mark.rabbitmq, pytest.mark.usefixtures("operator")]

ANSWERS = topology.RESPONSE_QUEUE
_SHARED = topology.shared_topology()
_OURS = [queue.name for queue in _SHARED.queues]


@pytest.fixture(autouse=True)
def _no_queues(operator: Operator) -> None:
    """Begin as on a new virtual host."""
    operator.delete(*_OURS, "regards.jobs", f"{ANSWERS}.moving")


@pytest.fixture
def manager(operator: Operator) -> Iterator[None]:
    """Declare and read the queues as a manager does."""
    source = RabbitSource(
        address=BrokerAddress(url=operator.url),
        queues=[
            topology.requests(),
            topology.answers(),
            topology.fenced_answers(),
            topology.request_dead_letters(),
            topology.session_deletions(),
            topology.source_deletions(),
        ],
        topology=_SHARED,
        limits=BulkLimits(),
    )
    with closing(source):
        yield


def _found(look: Look) -> list[tuple[Outcome, str]]:
    return [(finding.outcome, finding.found) for finding in look(NOON)]


def _worst(look: Look) -> Finding:
    return max(look(NOON), key=lambda finding: finding.outcome)


def test_it_names_the_broker_that_answers() -> None:
    ((outcome, words),) = _found(broker.reachable)
    assert (outcome, words.startswith("RabbitMQ ")) == (Outcome.OK, True)
    assert "@" not in words


def test_it_says_what_to_do_when_nothing_listens(settings: Settings) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        settings.BROKER_URL = f"amqp://guest:secret@127.0.0.1:{taken.getsockname()[1]}/x"
        taken.close()
        finding = _worst(broker.reachable)
    assert (finding.outcome, "secret" in finding.found) == (Outcome.FAILED, False)
    assert finding.advice.startswith("Is RabbitMQ running")


def test_it_says_how_to_make_a_missing_virtual_host(settings: Settings, operator: Operator) -> None:
    settings.BROKER_URL = with_path(operator.url, "not-there")
    finding = _worst(broker.reachable)
    assert (finding.outcome, "vhost not-there not found" in finding.found) == (Outcome.FAILED, True)
    assert finding.advice.splitlines()[0] == "rabbitmqctl add_vhost not-there"
    assert finding.advice.splitlines()[-1].startswith("A manager, or the bridge, makes")


def test_it_says_how_to_make_that_of_the_instance(settings: Settings, operator: Operator) -> None:
    settings.INSTANCE_BROKER_URL = with_path(operator.url, "the%2Finstance")
    finding = _worst(broker.instance_reachable)
    assert (finding.outcome, "vhost the/instance not found" in finding.found) == (Outcome.FAILED, True)
    assert finding.advice.splitlines()[0] == "rabbitmqctl add_vhost the/instance"


def test_it_says_when_the_password_is_wrong(settings: Settings, operator: Operator) -> None:
    address = operator.url.rpartition("@")[2]
    settings.BROKER_URL = f"amqp://{urlsplit(operator.url).username}:wrong@{address}"
    finding = _worst(broker.reachable)
    assert (finding.outcome, "Login was refused" in finding.found) == (Outcome.FAILED, True)
    assert "password" in finding.advice


def test_it_sends_a_message_and_takes_it_back() -> None:
    assert _found(broker.passes_messages) == [(Outcome.OK, "A message went through a queue and came back")]


def test_it_creates_nothing(operator: Operator) -> None:
    for look in (broker.queues, broker.exchanges, broker.bindings, broker.consumers, broker.dead_letters):
        list(look(NOON))
    assert [operator.count(queue) for queue in [*_OURS, "regards.jobs"]] == [None] * (len(_OURS) + 1)


def test_it_says_what_is_not_declared_yet() -> None:
    ((outcome, words),) = _found(broker.queues)
    assert (outcome, words.startswith(f"{len(_OURS) + 1} queues are not declared yet: regards.DLQ, ")) == (
        Outcome.SKIPPED,
        True,
    )


@pytest.mark.usefixtures("manager")
def test_it_is_content_with_what_a_manager_declares() -> None:
    assert (Outcome.OK, f"{len(_OURS)} queues are as the contract says") in _found(broker.queues)
    assert (Outcome.OK, f"{len(_SHARED.exchanges)} exchanges are as the contract says") in _found(
        broker.exchanges
    )
    assert _worst(broker.queues).outcome == Outcome.OK


def test_it_names_queue_argument_and_both_values(operator: Operator) -> None:
    operator.declare(ANSWERS, x_max_priority=10, x_dead_letter_exchange="regards.DLX", x_expires=60_000)
    operator.fill(ANSWERS, "abc")
    finding = _worst(broker.queues)
    assert finding.outcome == Outcome.FAILED
    assert finding.facts["queue"] == ANSWERS
    assert finding.facts["messages"] == 3
    assert {tuple(difference.values()) for difference in finding.facts["differences"]} == {
        ("x-max-priority", "255", "10"),
        ("x-dead-letter-routing-key", f"{ANSWERS}.DLQ", "absent"),
        ("x-expires", "absent", "60000"),
    }
    assert f"manage.py doctor --move-messages {ANSWERS}" in finding.advice


def test_it_finds_flags_that_differ(operator: Operator) -> None:
    operator.declare("regards.jobs", durable=False)
    assert "regards.jobs: durable is false, ours is true" in _worst(broker.queues).found


def test_it_finds_a_priority_that_the_brokers_text_has_no_room_for(operator: Operator) -> None:
    operator.declare(
        topology.REQUEST_QUEUE,
        x_max_priority=10,
        x_dead_letter_exchange="regards.DLX",
        x_dead_letter_routing_key="regards.DLQ",
    )
    finding = _worst(broker.queues)
    assert f"{topology.REQUEST_QUEUE}: x-max-priority is 10, ours is 255" in finding.found


def test_it_says_when_it_cannot_tell_a_value(operator: Operator) -> None:
    operator.declare(topology.REQUEST_QUEUE, x_max_priority=255, x_message_ttl=5000)
    words = _worst(broker.queues).found
    assert "x-message-ttl is not absent as ours; the broker tells no more" in words


def test_it_leaves_a_queue_as_it_is(operator: Operator) -> None:
    operator.declare(ANSWERS, x_max_priority=10)
    operator.fill(ANSWERS, "abc")
    list(broker.queues(NOON))
    operator.declare(ANSWERS, x_max_priority=10)
    assert operator.bodies(ANSWERS) == ["a", "b", "c"]


def test_it_finds_a_queue_of_one_connection(operator: Operator) -> None:
    owner = Operator(operator.url)
    owner.channel.queue_declare(ANSWERS, exclusive=True)
    words = _worst(broker.queues).found
    owner.close()
    assert words.startswith(f"{ANSWERS}: exclusive is true, ours is false")


def test_it_finds_an_exchange_of_another_type(operator: Operator) -> None:
    operator.channel.exchange_delete(topology.REQUEST_EXCHANGE)
    operator.channel.exchange_declare(topology.REQUEST_EXCHANGE, "direct", durable=False)
    finding = _worst(broker.exchanges)
    operator.channel.exchange_delete(topology.REQUEST_EXCHANGE)
    assert finding.outcome == Outcome.FAILED
    assert "type is direct, ours is fanout; durable is false, ours is true" in finding.found


def test_it_finds_what_an_interrupted_move_left(operator: Operator) -> None:
    operator.declare(f"{ANSWERS}.moving")
    operator.fill(f"{ANSWERS}.moving", "ab")
    finding = _worst(broker.queues)
    assert finding.found == f"{ANSWERS}.moving: 2 messages of a move that was interrupted"
    assert finding.advice == f"manage.py doctor --move-messages {ANSWERS}"


def test_it_warns_when_nobody_reads(operator: Operator) -> None:
    operator.declare(ANSWERS)
    assert _found(broker.consumers) == [
        (Outcome.WARNING, "No manager is running"),
        (Outcome.WARNING, "No jobs worker is running"),
    ]


def test_it_fails_when_messages_wait_and_nobody_reads(operator: Operator) -> None:
    operator.declare(ANSWERS)
    operator.fill(ANSWERS, "abc")
    assert _found(broker.consumers)[0] == (
        Outcome.FAILED,
        f"3 messages wait in {ANSWERS} and no manager reads it",
    )


@pytest.mark.usefixtures("manager")
def test_it_sees_a_manager() -> None:
    assert _found(broker.consumers)[0] == (Outcome.OK, "1 managers read their queues")


def test_it_counts_dead_letters(operator: Operator) -> None:
    assert _found(broker.dead_letters) == [(Outcome.OK, "No dead letters")]
    operator.declare("regards.DLQ", x_max_priority=255)
    operator.fill("regards.DLQ", "abc")
    finding = _worst(broker.dead_letters)
    assert (finding.outcome, finding.found) == (Outcome.WARNING, "3 dead letters in regards.DLQ")
    assert finding.advice.startswith("manage.py dead_letters list --queue regards.DLQ says why")


def test_it_tells_that_retries_are_not_delayed() -> None:
    ((outcome, words),) = _found(broker.delayed_messages)
    assert (outcome, "rabbitmq_delayed_message_exchange" in words) == (Outcome.SKIPPED, True)
