"""Situations that many tests start from."""

from collections.abc import Mapping

from tests.factories.messages import a_submission
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager.models import Request


def a_dispatched_request(
    engine: Engine,
    *,
    protocol: str = "raw",
    keep_errors: bool = True,
    policy: Mapping[str, object] | None = None,
) -> Request:
    """Return the request ``r-1``, sent to the one live ``unzip-worker``."""
    a_worker_type(a_tenant(), keep_errors=keep_errors, policy=policy)
    live_workers("unzip-worker", protocol=protocol)
    engine.submit(a_submission())
    engine.forget()
    return the_request()


def a_dispatched_workflow(engine: Engine, *, protocol: str = "raw", keep_errors: bool = True) -> Request:
    """Return the request ``r-1``, at step 1 of two; both worker types are alive."""
    a_workflow(a_tenant(), keep_errors=keep_errors)
    live_workers("unzip-worker", "sip-worker", protocol=protocol)
    engine.submit(a_submission(content_type="ingest"))
    engine.forget()
    return the_request()
