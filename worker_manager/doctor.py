"""What the doctor asks about worker types and their fleets."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp.inspectors import inspecting
from regards_processing.kernel.amqp.topology import Topology, tenant_topology, worker_topology
from regards_processing.kernel.doctor.checks import Check
from regards_processing.kernel.doctor.findings import Finding, failed, ok, skipped, warning
from regards_processing.kernel.doctor.topology import binding_findings, exchange_findings, queue_findings
from regards_processing.kernel.tenancy.queries import active_tenants
from worker_manager import queries
from worker_manager.long_work import long_work
from worker_manager.models import WorkerInstance, WorkerType
from workers.contract import names
from workers.contract.names import QUEUE_RULE, can_have_queues


def queues(_at: datetime) -> Iterator[Finding]:
    """Compare exchanges and queues of every worker type with ours."""
    known = (
        set(WorkerInstance.objects.values_list("worker_type", flat=True)) | queries.configured_worker_types()
    )
    if not known:
        yield skipped("No worker type is configured, and none was ever heard")
        return
    impossible = {name for name in known if not can_have_queues(name)}
    for name in sorted(impossible):
        yield failed(
            f"Worker type {name} can have no queues: their names would be too long",
            advice="Give it another name: " + QUEUE_RULE,
        )
    # Types that differ by case alone share their queues.
    names = sorted({name.lower() for name in known - impossible})
    found = sum(map(worker_topology, names), Topology())
    with inspecting() as inspector:
        yield from exchange_findings(inspector, found.exchanges)
        yield from queue_findings(inspector, found.queues)


def tenant_queues(_at: datetime) -> Iterator[Finding]:
    """Compare the queues of every active tenant, and their routes, with ours."""
    found = sum(map(tenant_topology, active_tenants()), Topology())
    if not found.queues:
        yield skipped("No tenant is active")
        return
    with inspecting() as inspector:
        yield from queue_findings(inspector, found.queues)
        yield from binding_findings(inspector, found.bindings)


def spellings(at: datetime) -> Iterator[Finding]:
    """Look for worker types that differ by case alone: whoever spells them, they share a queue.

    A tenant cannot have two of them; of another tenant's it may not be told, so nothing refuses those.
    """
    users: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for worker_type, tenant in _configured_by_tenant():
        users[names.request_queue(worker_type)][worker_type].append(f"tenant {tenant}")
    for worker_type in queries.live_types(at=at):
        users[names.request_queue(worker_type)][worker_type].append("a fleet")
    shared = {queue: spelled for queue, spelled in users.items() if len(spelled) > 1}
    for queue, spelled in sorted(shared.items()):
        told = "; ".join(f"{name} ({', '.join(who[:_TOLD])})" for name, who in sorted(spelled.items()))
        yield warning(
            f"{queue} is shared by worker types that differ by case alone: {told}",
            advice="Let all of them spell it alike; or name one otherwise, if it means other work.\n"
            "Until then fleets take each other's requests, or those of one spelling find no worker.",
            queue=queue,
            spellings={name: list(who) for name, who in spelled.items()},
        )
    if not users:
        yield skipped("No worker type is configured, and none is alive")
    elif not shared:
        yield ok(f"Each of {len(users)} worker types has a queue of its own")


def fleets(at: datetime) -> Iterator[Finding]:
    """Look for worker types that nobody serves."""
    configured = queries.configured_worker_types()
    silent = sorted(configured - queries.live_types(at=at).keys())
    if not configured:
        yield skipped("No worker type is configured")
    elif silent:
        yield warning(
            f"No worker has been heard for {settings.HEARTBEAT_EXPIRY} s that serves {', '.join(silent)}",
            advice=f"celery -A workers worker --types {','.join(silent)}\n"
            "Workers whose clock is behind by more than HEARTBEAT_EXPIRY_SECONDS are not heard either.",
        )
    else:
        yield ok(f"All {len(configured)} worker types are served")


def clocks(at: datetime) -> Iterator[Finding]:
    """Compare the clocks of the workers that are alive with the managers'."""
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    alive = WorkerInstance.objects.alive(since=since).order_by("worker_id")
    told = alive.values_list("worker_id", "clock_ahead")
    ahead = {worker_id: seconds for worker_id, seconds in told if seconds is not None}
    wrong = {name: by for name, by in ahead.items() if abs(by) > settings.CLOCK_TOLERANCE}
    for name, by in wrong.items():
        yield warning(
            f"Worker {name} is {abs(by):.0f} s {'ahead of' if by > 0 else 'behind'} the managers",
            advice="Let its machine follow a time server. A worker that is behind by more than "
            f"{settings.HEARTBEAT_EXPIRY} s is not heard at all.",
            worker=name,
            seconds=by,
        )
    if not ahead:
        yield skipped("No worker is alive")
    elif not wrong:
        yield ok(f"The clocks of {len(ahead)} workers agree within {settings.CLOCK_TOLERANCE} s")


def stored_contents(at: datetime) -> Iterator[Finding]:
    """Look for fleets only a part of which reads stored contents: all of it is sent bytes then."""
    if not settings.STORED_CONTENTS:
        yield skipped("STORED_CONTENTS is off: no content is stored")
        return
    since = at - timedelta(seconds=settings.HEARTBEAT_EXPIRY)
    alive = WorkerInstance.objects.alive(since=since).order_by("worker_type", "worker_id")
    told: dict[str, dict[str, bool]] = defaultdict(dict)
    for worker_type, worker_id, reads in alive.values_list("worker_type", "worker_id", "stored_contents"):
        told[worker_type][worker_id] = reads
    mixed = {name: of_type for name, of_type in told.items() if len(set(of_type.values())) > 1}
    for worker_type, of_type in mixed.items():
        without = [name for name, reads in of_type.items() if not reads]
        yield warning(
            f"{len(without)} of {len(of_type)} workers of type {worker_type} do not read stored contents, so "
            "the manager sends bytes to all of them",
            advice=f"WORKER_STORED_CONTENT_BYTES and the shared storage for {', '.join(without[:_TOLD])}",
            type=worker_type,
            workers=without,
        )
    if not mixed:
        reading = sum(all(of_type.values()) for of_type in told.values())
        yield ok(f"{reading} of {len(told)} worker types read stored contents")


def _configured_by_tenant() -> list[tuple[str, str]]:
    everywhere = WorkerType.objects.across_tenants(because="one check of the whole platform")
    return list(everywhere.order_by("worker_type", "tenant__name").values_list("worker_type", "tenant__name"))


#: Workers that a finding names.
_TOLD: Final = 5
_DATABASE: Final = ("database", "migrations")
CHECKS: Final = (
    Check(
        name="worker-queues",
        question="Are the queues of worker types as the contract says?",
        look=queues,
        needs=("broker", *_DATABASE),
    ),
    Check(
        name="tenant-queues",
        question="Are the queues of tenants as the contract says?",
        look=tenant_queues,
        needs=("broker", *_DATABASE),
    ),
    Check(
        name="long-work",
        question="Does the broker let work take as long as we do?",
        look=long_work,
        needs=("broker", *_DATABASE),
    ),
    Check(
        name="worker-types",
        question="Has every worker type a queue of its own?",
        look=spellings,
        needs=_DATABASE,
    ),
    Check(name="fleets", question="Is every worker type served?", look=fleets, needs=_DATABASE),
    Check(name="worker-clocks", question="Do the workers' clocks agree?", look=clocks, needs=_DATABASE),
    Check(
        name="stored-contents",
        question="Do whole fleets read large contents by themselves?",
        look=stored_contents,
        needs=_DATABASE,
    ),
)
