"""Policies, and the queues of single managers, as far as the broker tells of them."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.doctor.findings import Outcome
from regards_processing.kernel.doctor.listed_queues import manager_queues, policies
from tests.factories.audit import NOON
from tests.integration.kernel.doctor.management import a_queue, answering, listing
from tests.integration.kernel.doctor.operator_tools import Operator

pytestmark = [pytest.mark.rabbitmq, pytest.mark.usefixtures("operator")]

#: A name that nobody else has: making a virtual host of the module's own would take seconds.
_INSTANCE = f"doctor-{secrets.token_hex(4)}"
_BEATS = topology.heartbeats(_INSTANCE)


@pytest.fixture
def operator(settings: Settings) -> Iterator[Operator]:
    """Give an operator's hands on the virtual host of the session."""
    settings.AMQP_INSTANCE_ID = _INSTANCE
    hands = Operator(settings.BROKER_URL)
    yield hands
    hands.delete(_BEATS.name)
    hands.close()


def _beats_of(instance: str, **other: Any) -> dict[str, Any]:
    spec = topology.heartbeats(instance)
    plain: dict[str, Any] = {"arguments": spec.arguments, "auto_delete": True}
    return a_queue(spec.name, **{**plain, **other})


def test_it_finds_policies_that_take_messages_away(operator: Operator, settings: Settings) -> None:
    harm = {"policy": "short", "effective_policy_definition": {"message-ttl": 5000, "ha-mode": "all"}}
    ours = [a_queue(name, arguments={}, **harm) for name in (topology.REQUEST_QUEUE, topology.RESPONSE_QUEUE)]
    others = a_queue("theirs", arguments={}, **harm)
    with answering(listing(operator.url, others, *ours)) as settings.BROKER_MANAGEMENT_URL:
        (finding,) = policies(NOON)
    assert finding.outcome == Outcome.WARNING
    assert finding.found.startswith("Policy short sets message-ttl 5000 on regards.broadcast.")
    assert finding.facts["queues"] == [topology.REQUEST_QUEUE, topology.RESPONSE_QUEUE]


def test_it_is_content_with_policies_that_harm_nothing(operator: Operator, settings: Settings) -> None:
    mirrored = {"policy": "ha", "effective_policy_definition": {"ha-mode": "all"}}
    queue = a_queue(topology.REQUEST_QUEUE, arguments={}, **mirrored)
    with answering(listing(operator.url, queue)) as settings.BROKER_MANAGEMENT_URL:
        (finding,) = policies(NOON)
    assert finding.outcome == Outcome.OK


def test_it_looks_at_the_queues_of_every_manager(operator: Operator, settings: Settings) -> None:
    queues = [
        _beats_of("m1"),
        _beats_of("m2", consumers=2),
        _beats_of("m3", consumers=0, messages_ready=7),
        _beats_of("m4", auto_delete=False, arguments={"x-max-priority": 10}),
    ]
    with answering(listing(operator.url, *queues)) as settings.BROKER_MANAGEMENT_URL:
        shared, left, different, well = manager_queues(NOON)
    assert (shared.outcome, shared.found.split(",")[0].partition(":")[0]) == (
        Outcome.WARNING,
        f"2 managers read {topology.heartbeats('m2').name}",
    )
    assert left.found == f"Nobody reads {topology.heartbeats('m3').name}, and 7 messages wait in it"
    assert different.outcome == Outcome.FAILED
    assert {"argument": "auto_delete", "ours": "true", "theirs": "false"} in different.facts["differences"]
    assert {"argument": "x-max-priority", "ours": "255", "theirs": "10"} in different.facts["differences"]
    assert (well.outcome, well.found[:2]) == (Outcome.OK, "1 ")


def test_it_looks_at_the_queues_of_its_own_name_without_a_list(operator: Operator) -> None:
    operator.channel.queue_declare(
        _BEATS.name, durable=True, auto_delete=True, arguments=dict(_BEATS.arguments)
    )
    operator.fill(_BEATS.name, "ab")
    left, hint = manager_queues(NOON)
    assert left.found == f"Nobody reads {_BEATS.name}, and 2 messages wait in it"
    assert (hint.outcome, "BROKER_MANAGEMENT_URL" in hint.advice) == (Outcome.SKIPPED, True)


def test_it_says_what_amqp_does_not_tell() -> None:
    for look in (policies, manager_queues):
        (finding,) = look(NOON)
        assert (finding.outcome, "BROKER_MANAGEMENT_URL" in finding.advice) == (Outcome.SKIPPED, True)
