"""A million requests, written by the database itself: a tenth waits, and two tenths failed."""

import json
from typing import Final

from bench.configuration import SILENT, SILENT_TYPE
from bench.noop import STEPS
from bench.place import Place
from bench.rest.rows import TENANT
from worker_manager.workflow_plan import Plan

#: Every tenth request is of one of these content types; all others are in flight.
WAITING, TO_RETRY, TO_DELETE = "bench.0", "bench.1", "bench.2"

_FILL: Final = """
INSERT INTO workermanager_request (
    tenant_id, request_id, creation_date, content_type, source, session, status, dispatched_worker_type,
    step_number, step_worker_type, plan, original_content, digest, error, attempt, lost_attempts,
    dispatched_to_celery, deadline_at, moved_at)
SELECT
    (SELECT id FROM regards_tenant WHERE name = '{tenant}'), 'bench-' || n,
    now() - n * interval '1 second', of.content_type, 'source-' || n % 50, 'session-' || n % 1000, of.status,
    CASE WHEN of.attempt > 0 THEN of.worker_type END, 0, of.worker_type,
    CASE WHEN of.attempt > 0 THEN replace('{plan}', '{silent_type}', of.worker_type)::jsonb END,
    '\\x7b7d', decode(repeat('00', 32), 'hex'), CASE WHEN of.status = 'ERROR' THEN 'the disk is full' END,
    of.attempt, 0, true, CASE WHEN of.status = 'DISPATCHED' THEN now() + interval '7 days' END, now()
FROM generate_series(1, {count}) AS n
CROSS JOIN LATERAL (VALUES
    (0, '{waiting}', 'NO_WORKER_AVAILABLE', '{first}', 0), (1, '{to_retry}', 'ERROR', '{second}', 1),
    (2, '{to_delete}', 'ERROR', '{third}', 1), (3, '{silent}', 'DISPATCHED', '{silent_type}', 1)
) AS of(digit, content_type, status, worker_type, attempt)
WHERE of.digit = least(n % 10, 3)
"""
_LIVE: Final = """
INSERT INTO workermanager_worker_instance
    (worker_type, worker_id, beaten_at, first_beaten_at, protocol, prefetch)
VALUES ('{worker_type}', 'bench', now(), now(), 'celery', 1)
"""


def fill(place: Place, *, count: int) -> None:
    """Store so many requests of one tenant, and let the planner look at them."""
    first, second, third = STEPS
    plan = json.dumps(Plan.single(worker_type=SILENT_TYPE, keep_errors=True).to_json())
    place.execute(
        _FILL.format(
            tenant=TENANT,
            plan=plan,
            silent=SILENT,
            silent_type=SILENT_TYPE,
            count=count,
            waiting=WAITING,
            to_retry=TO_RETRY,
            to_delete=TO_DELETE,
            first=first,
            second=second,
            third=third,
        )
    )
    place.execute("ANALYZE workermanager_request")


def bring_to_life(place: Place, worker_type: str) -> None:
    """Let a worker have beaten that takes Celery task messages, as many as there are."""
    place.execute(_LIVE.format(worker_type=worker_type))


def waits(place: Place) -> bool:
    """Tell whether a request waits for a worker: a look that costs nothing."""
    one = "SELECT 1 FROM workermanager_request WHERE status = 'NO_WORKER_AVAILABLE' LIMIT 1"
    return bool(place.number(f"SELECT count(*) FROM ({one}) AS one"))  # noqa: S608 (our own words)


def left(place: Place, *, content_type: str, status: str) -> int:
    """Count the requests of a content type that are in a status."""
    return place.number(
        "SELECT count(*) FROM workermanager_request "  # noqa: S608 (our own words)
        f"WHERE content_type = '{content_type}' AND status = '{status}'"
    )
