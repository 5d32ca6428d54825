"""Names of what our spans tell; the platform and the fleets use the same."""

from typing import Final

TENANT: Final = "regards.tenant"
REQUEST_ID: Final = "regards.request.id"
CONTENT_TYPE: Final = "regards.request.content_type"
OWNER: Final = "regards.request.owner"
SESSION: Final = "regards.request.session"
#: How the request, the dispatch or the run ended; of a wait, what it was.
STATUS: Final = "regards.status"
WORKER_TYPE: Final = "regards.worker_type"
WORKER_ID: Final = "regards.worker_id"
#: ``<technical id>:<step>:<attempt>``.
DISPATCH_ID: Final = "regards.dispatch_id"
STEP: Final = "regards.step"
ATTEMPT: Final = "regards.attempt"
CORRELATION_ID: Final = "regards.correlation_id"
