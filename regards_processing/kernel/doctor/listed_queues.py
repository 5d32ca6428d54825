"""What only a list of all queues tells: policies that change them, and the queues that each manager has."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.inspection import (
    Inspector,
    ListedQueue,
    QueueFacts,
    compared,
)
from regards_processing.kernel.amqp.inspectors import inspecting, virtual_host
from regards_processing.kernel.amqp.queue_topology import queue_of_manager, topology_of
from regards_processing.kernel.amqp.topology import QueueSpec
from regards_processing.kernel.doctor.findings import Finding, failed, ok, skipped, warning

_ASK_MANAGEMENT: Final = "Set BROKER_MANAGEMENT_URL, and RabbitMQ's management interface is asked."
#: What a policy may say that takes messages away, and how.
_HARMFUL: Final[Mapping[str, str]] = {
    "message-ttl": "messages that wait are dropped",
    "max-length": "messages are dropped or refused when many wait",
    "max-length-bytes": "messages are dropped or refused when much waits",
    "expires": "the queue is removed while nobody reads it",
    "delivery-limit": "messages that come again are dropped",
}
_GOES_WITH_MANAGER: Final = """\
Stop the manager of this name, or the component that declared the queue.
rabbitmqctl delete_queue -p {virtual_host} {queue}
Start the manager again."""
_NAMED: Final = 3


def policies(_at: datetime) -> Iterator[Finding]:
    """Look for policies that take messages away from queues of the platform."""
    with inspecting() as inspector:
        listed = inspector.listed_queues()
    if listed is None:
        yield skipped("AMQP does not tell the policies of queues", advice=_ASK_MANAGEMENT)
        return
    harmed: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for queue in listed:
        if topology_of(queue.name) or queue_of_manager(queue.name):
            for key in _HARMFUL.keys() & queue.policy_definition.keys():
                harmed[queue.policy, key, str(queue.policy_definition[key])].append(queue.name)
    for (policy, key, value), queues in sorted(harmed.items()):
        yield warning(
            f"Policy {policy} sets {key} {value} on {_some(queues)}: {_HARMFUL[key]}",
            advice="Let its pattern spare the queues of the platform, or take this key out of it: "
            f"rabbitmqctl list_policies -p {virtual_host()}",
            policy=policy,
            key=key,
            queues=sorted(queues),
        )
    if not harmed:
        yield ok("No policy takes messages away from queues of the platform")


def manager_queues(_at: datetime) -> Iterator[Finding]:
    """Look at the queues that each manager has for itself: of heartbeats, and of changes."""
    with inspecting() as inspector:
        listed = inspector.listed_queues()
        found = _of_this_instance(inspector) if listed is None else _of_managers(listed)
    for spec, facts in found:
        yield from _problems(spec, facts)
    well = sum(1 for _, facts in found if not facts.differences and facts.consumers == 1)
    if well:
        yield ok(f"{well} queues of single managers are as the contract says, and read by one manager each")
    if listed is None:
        yield skipped(
            "AMQP does not tell which managers there are; only those named AMQP_INSTANCE_ID were looked at",
            advice=_ASK_MANAGEMENT,
        )
    elif not found:
        yield skipped("No manager has queues of its own")


def _of_this_instance(inspector: Inspector) -> list[tuple[QueueSpec, QueueFacts]]:
    own = settings.AMQP_INSTANCE_ID
    specs = (topology.heartbeats(own), topology.configuration_updates(own))
    return [(spec, facts) for spec in specs if (facts := inspector.queue(spec)) is not None]


def _of_managers(listed: Sequence[ListedQueue]) -> list[tuple[QueueSpec, QueueFacts]]:
    found = []
    for queue in listed:
        spec = queue_of_manager(queue.name)
        if spec is not None:
            facts = QueueFacts(
                messages=queue.messages, consumers=queue.consumers, differences=compared(queue, spec)
            )
            found.append((spec, facts))
    return found


def _problems(spec: QueueSpec, facts: QueueFacts) -> Iterator[Finding]:
    remedy = _GOES_WITH_MANAGER.format(virtual_host=virtual_host(), queue=spec.name)
    if facts.differences:
        yield failed(
            f"{spec.name}: {'; '.join(map(str, facts.differences))}",
            advice=remedy,
            queue=spec.name,
            differences=[difference.as_dict() for difference in facts.differences],
        )
    if facts.consumers == 0:
        yield warning(
            f"Nobody reads {spec.name}, and {facts.messages} messages wait in it",
            advice=remedy,
            queue=spec.name,
            messages=facts.messages,
        )
    elif facts.consumers is not None and facts.consumers > 1:
        yield warning(
            f"{facts.consumers} managers read {spec.name}: each hears only a part",
            advice="Give each manager an AMQP_INSTANCE_ID of its own, or none: one is made then.",
            queue=spec.name,
            consumers=facts.consumers,
        )


def _some(queues: Sequence[str]) -> str:
    more = len(queues) - _NAMED
    named = ", ".join(sorted(queues)[:_NAMED])
    return named if more <= 0 else f"{named} and {more} more"
