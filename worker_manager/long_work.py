"""Whether the broker leaves work in hand for as long as the platform lets it run.

Note: work that the broker takes back.
    RabbitMQ closes the channel of a worker that holds a message for longer than ``consumer_timeout`` and
    gives the message to another one: long work begins again and again, until its attempts are used up. The
    time is set in each node's file, and no interface tells it; since 3.12 a policy or an argument may set
    it for a queue, and these can be seen.

    Fleets of ours hold no message of work that they know to be long. Each instance tells by its heartbeats
    for how long it holds one at most; of a worker type that nobody serves now, nothing is known.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp.inspection import Inspector
from regards_processing.kernel.amqp.inspectors import inspecting
from regards_processing.kernel.doctor.findings import Finding, ok, skipped, warning
from worker_manager.models import WorkerInstance, WorkerType, Workflow
from worker_manager.policy import Policy
from workers.contract import names

_EVERYBODY: Final = "one check of the whole platform"
_REMEDY: Final = """\
consumer_timeout = {milliseconds}   in rabbitmq.conf (milliseconds) of every node; restart them
BROKER_CONSUMER_TIMEOUT_SECONDS={seconds}   for the doctor, who cannot read the other one
Or declare in the fleet how long work takes: longest=... of @worker_type. Heartbeats tell the doctor.
Or let work take less: RUN_TIMEOUT_SECONDS, or runTimeout of the worker type or workflow step."""


def long_work(at: datetime) -> Iterator[Finding]:
    """Compare how long messages of worker types may be held with how long RabbitMQ leaves them there."""
    allowed = _held(_allowed(), at)
    with inspecting() as inspector:
        about = inspector.about()
        limits = _limits(inspector, allowed) if about.limits_work else {}
    if not about.limits_work:
        yield ok(f"The {about.product} has no limit for work in hand")
        return
    if not allowed:
        yield skipped("No worker type is configured")
        return
    too_long = {name: limit for name, limit in limits.items() if limit and allowed[name] > limit}
    by_limit: dict[float, list[str]] = defaultdict(list)
    for name, limit in sorted(too_long.items()):
        by_limit[limit].append(name)
    for limit, types in by_limit.items():
        longest = max(allowed[name] for name in types)
        yield warning(
            f"{', '.join(types)} may hold a message for up to {longest / 60:.4g} minutes, and RabbitMQ takes "
            f"back what a worker holds for longer than {limit / 60:.4g}",
            advice=_REMEDY.format(milliseconds=int(1000 * longest), seconds=int(longest)),
            types=types,
            seconds=longest,
            limit=limit,
        )
    if not too_long:
        yield ok(f"{len(allowed)} worker types hold no message for longer than RabbitMQ leaves it to them")


def _allowed() -> dict[str, float]:
    """Return how long each configured worker type may run, by the most generous policy, in seconds."""
    allowed: dict[str, float] = {}
    own: dict[tuple[int, str], Policy] = {}
    everywhere = WorkerType.objects.across_tenants(because=_EVERYBODY)
    for tenant, name, policy in everywhere.values_list("tenant", "worker_type", "policy"):
        own[tenant, name] = Policy.from_json(policy)
        allowed[name] = max(allowed.get(name, 0.0), _seconds(own[tenant, name]))
    workflows = Workflow.objects.across_tenants(because=_EVERYBODY)
    for tenant, steps in workflows.values_list("tenant", "steps"):
        for step in steps:
            policy = Policy.from_json(step.get("policy"))
            for name in step.get("workerTypes") or [step["workerType"]]:
                if (tenant, name) in own:
                    allowed[name] = max(allowed[name], _seconds(policy.over(own[tenant, name])))
    return allowed


def _held(allowed: Mapping[str, float], at: datetime) -> dict[str, float]:
    """Return how long a message of each worker type may be held, in seconds: no longer than fleets say."""
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    alive = WorkerInstance.objects.alive(since=since).filter(worker_type__in=allowed)
    told: dict[str, list[float]] = defaultdict(list)
    for name, seconds in alive.values_list("worker_type", "hold_seconds"):
        told[name].append(math.inf if seconds is None else seconds)
    return {name: min(longest, max(told.get(name, [math.inf]))) for name, longest in allowed.items()}


def _seconds(policy: Policy) -> float:
    return policy.run_timeout or float(settings.RUN_TIMEOUT)


def _limits(inspector: Inspector, types: Mapping[str, float]) -> dict[str, float]:
    """Return how long a message of each worker type may be held, in seconds; 0 when for ever."""
    told = {
        queue.name: queue.policy_definition.get("consumer-timeout")
        or queue.definition.get("x-consumer-timeout")
        for queue in inspector.listed_queues() or ()
    }
    return {
        name: min(filter(None, map(_limit, (told.get(queue) for queue in _queues_of(name)))), default=0.0)
        for name in types
    }


def _queues_of(worker_type: str) -> tuple[str, str]:
    return names.request_queue(worker_type), names.task_queue(worker_type)


def _limit(milliseconds: object) -> float:
    if isinstance(milliseconds, int):
        return milliseconds / 1000
    return float(settings.BROKER_CONSUMER_TIMEOUT)
