"""Drawings of chains as they are now: what is configured, and who is alive."""

from collections.abc import Sequence
from typing import Any

from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.admin.drawing import Chain, draw_chain
from worker_manager.configuration.workflow_steps import WorkflowStep
from worker_manager.services.worker_types import stored_worker_types


def drawn_chain(
    *, tenant: Tenant, workflow_type: str, steps: Sequence[WorkflowStep], **more: Any
) -> SafeString:
    """Return the drawing of a chain of a tenant; ``more`` are the other fields of `Chain`."""
    workers = {worker.worker_type: worker for worker in stored_worker_types(tenant=tenant)}
    live = queries.live_types(at=clock.now()).keys()
    chain = Chain(workflow_type=workflow_type, steps=steps, workers=workers, live=live, **more)
    return draw_chain(chain)
