"""The engine's models."""

from worker_manager.models.branch import Branch
from worker_manager.models.heartbeat import WorkerInstance
from worker_manager.models.history import FinishedRequest
from worker_manager.models.kept_content import KeptContent
from worker_manager.models.pause import Pause, PauseKind
from worker_manager.models.request import Request
from worker_manager.models.session import SessionChange, SessionStep
from worker_manager.models.worker_type import InputContentType, WorkerType
from worker_manager.models.workflow import Workflow

__all__ = [
    "Branch",
    "FinishedRequest",
    "InputContentType",
    "KeptContent",
    "Pause",
    "PauseKind",
    "Request",
    "SessionChange",
    "SessionStep",
    "WorkerInstance",
    "WorkerType",
    "Workflow",
]
