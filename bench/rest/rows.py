"""A big table of requests, written by the database itself."""

from typing import Final

from bench.place import Place

TENANT: Final = "default"

_FILL: Final = """
INSERT INTO workermanager_request (
    tenant_id, request_id, creation_date, content_type, source, session, status, dispatched_worker_type,
    step_number, step_worker_type, original_content, digest, error, attempt, lost_attempts,
    dispatched_to_celery, moved_at)
SELECT
    (SELECT id FROM regards_tenant WHERE name = '{tenant}'), 'bench-' || n,
    now() - n * interval '1 second', 'type-' || n %% 20, 'source-' || n %% 50, 'session-' || n %% 1000,
    CASE WHEN n %% 10 < 6 THEN 'ERROR' WHEN n %% 10 < 9 THEN 'NO_WORKER_AVAILABLE' ELSE 'DISPATCHED' END,
    'worker-' || n %% 20, 0, 'worker-' || n %% 20, '\\x7b7d', decode(repeat('00', 32), 'hex'),
    CASE WHEN n %% 10 < 6 THEN 'the disk is full' END, 1, 0, true, now()
FROM generate_series(1, {count}) AS n
"""


def request_id(number: int) -> str:
    """Return the client's id of the n-th request, from 1."""
    return f"bench-{number}"


def fill(place: Place, *, count: int) -> None:
    """Store so many requests of one tenant, and let the planner look at them."""
    place.execute(_FILL.replace("%%", "%").format(tenant=TENANT, count=count))
    place.execute("ANALYZE workermanager_request")
