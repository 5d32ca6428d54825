"""What the doctor asks the broker."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import (
    address_from_settings,
    instance_address_from_settings,
)
from regards_processing.kernel.amqp.errors import BrokerUnavailable, LoginRefused, VirtualHostMissing
from regards_processing.kernel.amqp.inspection import Inspector, PermissionRefused
from regards_processing.kernel.amqp.inspectors import inspecting
from regards_processing.kernel.amqp.queue_topology import jobs_topology
from regards_processing.kernel.amqp.topology import QueueSpec
from regards_processing.kernel.doctor.bridge import bridge
from regards_processing.kernel.doctor.checks import Check
from regards_processing.kernel.doctor.findings import Finding, failed, ok, skipped, warning
from regards_processing.kernel.doctor.listed_queues import manager_queues, policies
from regards_processing.kernel.doctor.request_queues import request_queues
from regards_processing.kernel.doctor.topology import binding_findings, exchange_findings, queue_findings
from regards_processing.kernel.doctor.virtual_hosts import made_as, permitted_as

_IS_IT_RUNNING: Final = (
    "Is RabbitMQ running, and does BROKER_URL name its host and AMQP port (5672, with TLS 5671)?"
)


def reachable(_at: datetime) -> Iterator[Finding]:
    """Tell which broker answers."""
    address = address_from_settings()
    try:
        with inspecting() as inspector:
            about = inspector.about()
    except VirtualHostMissing as error:
        yield failed(str(error), advice=made_as(address))
    except LoginRefused as error:
        yield failed(str(error), advice="Does BROKER_URL name a user of the broker, and the password?")
    except BrokerUnavailable as error:
        yield failed(str(error), advice=_IS_IT_RUNNING)
    else:
        yield ok(f"{about.product} {about.version} at {address} answers")


def instance_reachable(_at: datetime) -> Iterator[Finding]:
    """Look into the virtual host where notices go that concern no tenant."""
    address = instance_address_from_settings()
    if not settings.INSTANCE_BROKER_URL:
        yield skipped(
            "Notices that concern no tenant go to the virtual host of the tenants",
            advice="Beside REGARDS, set INSTANCE_BROKER_URL to its virtual host regards.instance.manager.",
        )
        return
    try:
        with inspecting(address) as inspector:
            there = topology.instance_topology() + topology.tenants_topology()
            yield from exchange_findings(inspector, there.exchanges)
            yield from queue_findings(inspector, there.queues)
    except VirtualHostMissing as error:
        yield failed(str(error), advice=made_as(address))
    except BrokerUnavailable as error:
        yield failed(str(error), advice="Does INSTANCE_BROKER_URL name a virtual host that its user may use?")


def passes_messages(_at: datetime) -> Iterator[Finding]:
    """Send a message through a queue of its own."""
    try:
        with inspecting() as inspector:
            inspector.round_trip()
    except PermissionRefused as error:
        yield failed(str(error), advice=permitted_as(address_from_settings()))
    except BrokerUnavailable as error:
        yield failed(
            f"A message did not go through: {error}",
            advice="Is a memory or disk alarm on? rabbitmq-diagnostics alarms",
        )
    else:
        yield ok("A message went through a queue and came back")


def exchanges(_at: datetime) -> Iterator[Finding]:
    """Compare the exchanges with ours."""
    with inspecting() as inspector:
        yield from exchange_findings(inspector, (topology.shared_topology() + jobs_topology()).exchanges)


def queues(_at: datetime) -> Iterator[Finding]:
    """Compare the queues with ours."""
    with inspecting() as inspector:
        yield from queue_findings(inspector, (topology.shared_topology() + jobs_topology()).queues)


def bindings(_at: datetime) -> Iterator[Finding]:
    """Compare the routes with ours."""
    with inspecting() as inspector:
        yield from binding_findings(inspector, topology.shared_topology().bindings)


def delayed_messages(_at: datetime) -> Iterator[Finding]:
    """Look for the exchange that components of the reference send retries through."""
    (exchange,) = topology.delayed_topology().exchanges
    with inspecting() as inspector:
        differences = inspector.exchange(exchange)
    if differences is None:
        yield skipped(
            f"There is no exchange {exchange.name}: managers declare it where the broker has the plug-in "
            "rabbitmq_delayed_message_exchange",
            advice="Only components of REGARDS need it; the platform itself does not.",
        )
    elif differences:
        yield failed(
            f"{exchange.name}: {'; '.join(map(str, differences))}",
            advice=f"rabbitmqadmin delete exchange name={exchange.name}\nRestart the managers.",
        )
    else:
        yield ok(f"{exchange.name} is there")


def consumers(_at: datetime) -> Iterator[Finding]:
    """Look whether managers and jobs workers read their queues."""
    read_by_managers = (
        topology.requests(),
        topology.answers(),
        topology.fenced_answers(),
        topology.request_dead_letters(),
        topology.session_deletions(),
        topology.source_deletions(),
    )
    with inspecting() as inspector:
        yield from _readers(inspector, read_by_managers, process="manager", start="manage.py consume")
        yield from _readers(
            inspector,
            jobs_topology().queues,
            process="jobs worker",
            start="celery -A regards_processing worker",
        )


def _readers(
    inspector: Inspector, specs: Sequence[QueueSpec], *, process: str, start: str
) -> Iterator[Finding]:
    known = [(spec, facts) for spec in specs if (facts := inspector.queue(spec)) is not None]
    if any(facts.consumers is None for _, facts in known):
        yield skipped(f"This broker does not tell whether a {process} reads its queues")
        return
    unread = [(spec, facts) for spec, facts in known if not facts.consumers]
    for spec, facts in unread:
        if facts.messages:
            yield failed(
                f"{facts.messages} messages wait in {spec.name} and no {process} reads it",
                advice=start,
                queue=spec.name,
                messages=facts.messages,
            )
    if not known or (unread and not any(facts.messages for _, facts in unread)):
        yield warning(f"No {process} is running", advice=start)
    if known and not unread:
        yield ok(f"{max(facts.consumers or 0 for _, facts in known)} {process}s read their queues")


def dead_letters(_at: datetime) -> Iterator[Finding]:
    """Count the messages that nobody could handle."""
    waiting = 0
    with inspecting() as inspector:
        for spec in topology.dead_letter_queues():
            facts = inspector.queue(spec)
            if facts is not None and facts.messages:
                waiting += facts.messages
                yield warning(
                    f"{facts.messages} dead letters in {spec.name}",
                    advice=f"manage.py dead_letters list --queue {spec.name} says why; repair, then replay",
                    queue=spec.name,
                    messages=facts.messages,
                )
    if not waiting:
        yield ok("No dead letters")


_NEEDS: Final = ("broker",)
CHECKS: Final = (
    Check(name="broker", question="Does the broker let us in?", look=reachable),
    Check(
        name="instance-broker",
        question="Does the instance's virtual host let us in?",
        look=instance_reachable,
    ),
    Check(name="messages", question="Does it take and give messages?", look=passes_messages, needs=_NEEDS),
    Check(name="exchanges", question="Are exchanges as the contract says?", look=exchanges, needs=_NEEDS),
    Check(name="queues", question="Are queues as the contract says?", look=queues, needs=_NEEDS),
    Check(name="bindings", question="Do exchanges reach queues?", look=bindings, needs=_NEEDS),
    Check(
        name="request-queues",
        question="Do requests of tenants reach their queues?",
        look=request_queues,
        needs=("broker", "database", "migrations"),
    ),
    Check(
        name="bridge",
        question="Are virtual hosts of tenants served?",
        look=bridge,
        needs=("broker", "database", "migrations"),
    ),
    Check(name="delayed-messages", question="Can retries be delayed?", look=delayed_messages, needs=_NEEDS),
    Check(name="consumers", question="Are queues read?", look=consumers, needs=_NEEDS),
    Check(name="dead-letters", question="Are there dead letters?", look=dead_letters, needs=_NEEDS),
    Check(name="policies", question="Do policies spare our queues?", look=policies, needs=_NEEDS),
    Check(name="manager-queues", question="Has each manager its queues?", look=manager_queues, needs=_NEEDS),
)
