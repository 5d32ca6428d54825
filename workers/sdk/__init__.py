"""What a worker type imports: one decorator, a request, contexts, a result and three errors."""

from workers.contract.work_request import WorkRequest
from workers.sdk.calling import SetupContext
from workers.sdk.content import json_content
from workers.sdk.context import WorkContext
from workers.sdk.declare import worker_type
from workers.sdk.errors import Cancelled, InvalidContent, RetryLater
from workers.sdk.result import WorkResult

__all__ = [
    "Cancelled",
    "InvalidContent",
    "RetryLater",
    "SetupContext",
    "WorkContext",
    "WorkRequest",
    "WorkResult",
    "json_content",
    "worker_type",
]
