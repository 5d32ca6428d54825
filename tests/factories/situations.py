"""What the reasons of a request depend on."""

from typing import Any, Final

from tests.factories.worker_manager import AT
from worker_manager.reasons import Limits, Situation
from worker_manager.states import RequestStatus
from worker_manager.workflow_plan import Plan

SINGLE: Final = Plan.single(worker_type="unzip-worker", keep_errors=True)
WORKFLOW: Final = Plan.workflow(
    workflow_type="ingest",
    steps=[
        {"stepNumber": 10, "workerType": "unzip-worker"},
        {"stepNumber": 20, "workerType": "sip-worker"},
        {"stepNumber": 30, "workerType": "store-worker"},
    ],
    keep_errors=True,
)


def a_situation(status: str = "NO_WORKER_AVAILABLE", **facts: Any) -> Situation:
    """Return the facts about a request for one worker type that is alive."""
    usual: dict[str, Any] = {
        "at": AT,
        "limits": Limits(queue_timeout=300, run_timeout=1000, heartbeat_expiry=60, sweep=3, max_attempts=5),
        "tenant": "demo",
        "tenant_active": True,
        "content_type": "unzip",
        "plan": SINGLE,
        "step": SINGLE.first,
        "step_number": 0,
        "repeats": 0,
        "attempt": 1,
        "failed": 0,
        "failure": None,
        "error": None,
        "worker_type": "unzip-worker",
        "worker_id": None,
        "due_at": None,
        "moved_at": AT,
        "deadline_at": None,
        "live": {"unzip-worker"},
        "pauses": (),
        "limit": None,
        "in_flight": 0,
        "has_place": True,
        "type_beat": None,
        "worker_beat": None,
        "hearing_since": AT,
    }
    return Situation(status=RequestStatus(status), **(usual | facts))
