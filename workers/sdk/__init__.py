"""What a worker type imports: one decorator, a request, a context, a result and two errors."""

from workers.contract.work_request import WorkRequest
from workers.sdk.content import json_content
from workers.sdk.context import WorkContext
from workers.sdk.declare import worker_type
from workers.sdk.errors import InvalidContent, RetryLater
from workers.sdk.result import WorkResult

__all__ = [
    "InvalidContent",
    "RetryLater",
    "WorkContext",
    "WorkRequest",
    "WorkResult",
    "json_content",
    "worker_type",
]
