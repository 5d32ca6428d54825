"""Contents of requests that are files of the shared storage, as fleets make them."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from regards_processing.kernel.amqp.envelope import Outbound
from tests.factories.messages import an_answer
from worker_manager.models import Request
from workers.contract.content_folder import ContentFolder
from workers.contract.work_answer import WorkAnswer

LARGE = b"large content of a step"


def folder_of(request: Request, *, tenant: str = "demo") -> ContentFolder:
    """Return the folder of a request's contents."""
    return ContentFolder(storage=Path(settings.SHARED_STORAGE), tenant=tenant, request=request.pk)


def a_stored_answer(request: Request, content: bytes = LARGE, *, attempt: int | None = None) -> WorkAnswer:
    """Store a content as the worker does that has a request, or a branch of it; return its answer."""
    number = request.attempt if attempt is None else attempt
    return an_answer(
        request_id=request.request_id,
        stored=folder_of(request).keep(content, attempt=number),
        dispatch_id=f"{request.pk}:{request.step_number}:{number}",
    )


def files_of(request: Request) -> list[bytes]:
    """Return what the files of a request hold, sorted; nothing when it has no folder."""
    return sorted(path.read_bytes() for path in folder_of(request).path.glob("*"))


def given_to(dispatch: Outbound) -> Any:
    """Return the content of a task message as it travels: base64 or a reference."""
    ((argument,), _, _) = json.loads(dispatch.body)
    return argument["content"]
