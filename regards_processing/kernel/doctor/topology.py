"""Compare exchanges, queues and routes of the broker with ours."""

from collections.abc import Iterator, Sequence
from typing import Final

from regards_processing.kernel.amqp.inspection import Inspector, QueueFacts
from regards_processing.kernel.amqp.relocation import waiting_queue
from regards_processing.kernel.amqp.topology import BindingSpec, ExchangeSpec, QueueSpec, conditions
from regards_processing.kernel.doctor.findings import Finding, failed, ok, skipped

_MOVE: Final = """\
Stop the managers and the fleets, and bridges if there are any.
manage.py doctor --move-messages {queue}
Start them again. Routes that you bound by hand to this queue have to be bound again."""
_EXCHANGE: Final = """\
An exchange holds no messages. Stop the platform and its clients.
Delete the exchange: rabbitmqadmin delete exchange name={exchange}
Start a manager: it declares the exchange and its routes again."""


def exchange_findings(inspector: Inspector, exchanges: Sequence[ExchangeSpec]) -> Iterator[Finding]:
    """Tell which exchanges are not as ours; those that do not exist are told once, as harmless."""
    missing, same = [], 0
    for exchange in exchanges:
        differences = inspector.exchange(exchange)
        if differences is None:
            missing.append(exchange.name)
        elif differences:
            yield failed(
                f"{exchange.name}: {'; '.join(map(str, differences))}",
                advice=_EXCHANGE.format(exchange=exchange.name),
                exchange=exchange.name,
                differences=[difference.as_dict() for difference in differences],
            )
        else:
            same += 1
    yield from _summary(same, missing, "exchange")


def queue_findings(inspector: Inspector, queues: Sequence[QueueSpec]) -> Iterator[Finding]:
    """Tell which queues are not as ours; those that do not exist are told once, as harmless."""
    missing, same = [], 0
    for queue in queues:
        facts = inspector.queue(queue)
        left = inspector.queue(waiting_queue(queue.name))
        if left is not None:
            yield _interrupted(queue, left)
        if facts is None:
            missing.append(queue.name)
        elif facts.differences:
            yield _different(queue, facts)
        else:
            same += 1
    yield from _summary(same, missing, "queue")


def binding_findings(inspector: Inspector, bindings: Sequence[BindingSpec]) -> Iterator[Finding]:
    """Tell which routes to queues that exist are missing."""
    specs = {route.queue: QueueSpec(name=route.queue) for route in bindings}
    existing = {name for name, spec in specs.items() if inspector.queue(spec) is not None}
    sorting = (ExchangeSpec(name=name, type="headers") for name in conditions(bindings))
    there = {spec.name for spec in sorting if inspector.exchange(spec) is not None}
    wanted = [route for route in bindings if route.queue in existing and route.applies(there)]
    known = {exchange: inspector.bindings(exchange) for exchange in {route.exchange for route in wanted}}
    if None in known.values():
        yield skipped(
            "AMQP does not tell the routes between exchanges and queues",
            advice="Set BROKER_MANAGEMENT_URL, and RabbitMQ's management interface is asked.",
        )
        return
    missing = [route for route in wanted if route not in (known[route.exchange] or ())]
    for route in missing:
        yield failed(
            f"Messages of {route.exchange} with key {route.routing_key!r} do not reach {route.queue}",
            advice="Restart a manager: it binds what is missing.",
            exchange=route.exchange,
            queue=route.queue,
            key=route.routing_key,
        )
    if not wanted:
        yield skipped("No queue is declared yet")
    elif not missing:
        yield ok(f"{len(wanted)} routes are there")


def _different(queue: QueueSpec, facts: QueueFacts) -> Finding:
    return failed(
        f"{queue.name}: {'; '.join(map(str, facts.differences))} ({facts.messages} messages)",
        advice=_MOVE.format(queue=queue.name),
        queue=queue.name,
        messages=facts.messages,
        differences=[difference.as_dict() for difference in facts.differences],
    )


def _interrupted(queue: QueueSpec, left: QueueFacts) -> Finding:
    waiting = waiting_queue(queue.name).name
    return failed(
        f"{waiting}: {left.messages} messages of a move that was interrupted",
        advice=f"manage.py doctor --move-messages {queue.name}",
        queue=queue.name,
        messages=left.messages,
    )


def _summary(same: int, missing: Sequence[str], kind: str) -> Iterator[Finding]:
    if same:
        yield ok(f"{_counted(same, kind)} as the contract says")
    if missing:
        yield skipped(
            f"{_counted(len(missing), kind)} not declared yet: {', '.join(missing)}",
            advice="Managers and fleets declare them when they start.",
        )


def _counted(number: int, kind: str) -> str:
    return f"1 {kind} is" if number == 1 else f"{number} {kind}s are"
