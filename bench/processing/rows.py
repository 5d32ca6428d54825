"""A big table of executions, written by the database itself: one of a hundred is open."""

from typing import Final

from bench.place import Place
from bench.processing.configuration import COUNTING, SHELL, USELESS
from bench.rest.rows import TENANT

_BATCHES: Final = 1_000
_FILL_BATCHES: Final = """
INSERT INTO processing_batch (
    id, tenant_id, correlation_id, process_id, user_email, user_role, parameters, filesets, created)
SELECT gen_random_uuid(), (SELECT id FROM regards_tenant WHERE name = '{tenant}'), 'order-' || n,
    ('{{{processes}}}'::uuid[])[1 + n % 3], 'user-' || n % 50 || '@example.org', 'EXPLOIT', '{{}}', '{{}}',
    now()
FROM generate_series(1, {batches}) AS n
"""
_FILL: Final = """
INSERT INTO processing_execution (
    id, tenant_id, batch_id, correlation_id, correlation_digest, batch_correlation_id, process_id,
    process_name, process_info, user_email, status, steps, input_files, expected_duration, created,
    last_updated, deadline_at, log)
SELECT gen_random_uuid(), batch.tenant_id, batch.id, 'execution-' || n,
    encode(sha256(('' || n)::bytea), 'hex'), batch.correlation_id, batch.process_id,
    'Process ' || right(batch.process_id::text, 4), '{{}}', batch.user_email, of.status,
    jsonb_build_array(
        jsonb_build_object('status', 'REGISTERED', 'time', 1767225600000, 'message', ''),
        jsonb_build_object('status', 'RUNNING', 'time', 1767225601000, 'message', 'Launch script crop'),
        jsonb_build_object('status', of.status, 'time', 1767225602000, 'message', '')),
    jsonb_build_array(jsonb_build_object(
        'localRelativePath', 'F' || n || '/one.raw', 'url', 'file:/data/one.raw', 'bytes', 512,
        'checksum', '9a0364b9e99bb480dd25e1f0284c8555', 'fileName', 'one.raw',
        'metadata', jsonb_build_object('internal', 'false', 'featureId', 'F' || n))),
    10000, now() - n * interval '1 second', now() - n * interval '1 second', of.deadline_at, '[]'
FROM generate_series(1, {count}) AS n
JOIN (SELECT *, row_number() OVER (ORDER BY correlation_id) AS place FROM processing_batch
      WHERE correlation_id LIKE 'order-%') AS batch ON batch.place = 1 + n % {batches}
CROSS JOIN LATERAL (SELECT
    CASE WHEN n % 100 = 0 THEN 'RUNNING' WHEN n % 10 = 1 THEN 'FAILURE' ELSE 'SUCCESS' END AS status,
    CASE WHEN n % 100 = 0 THEN now() + interval '7 days' END AS deadline_at) AS of
"""


def fill(place: Place, *, count: int) -> None:
    """Store so many executions of one tenant, and let the planner look at them."""
    processes = ",".join(str(each) for each in (USELESS, SHELL, COUNTING))
    place.execute("DELETE FROM processing_output_file")
    place.execute("DELETE FROM processing_execution")
    place.execute("DELETE FROM processing_batch")
    place.execute(_FILL_BATCHES.format(tenant=TENANT, processes=processes, batches=_BATCHES))
    place.execute(_FILL.format(count=count, batches=_BATCHES))
    for table in ("processing_batch", "processing_execution"):
        place.execute(f"ANALYZE {table}")
