"""Worker types of the acceptance tests; fleets load them by ``WORKER_MODULES``."""

import base64
import hashlib
import json
import os
import secrets
import signal
import time
from pathlib import Path

from workers.sdk import InvalidContent, RetryLater, WorkContext, WorkRequest, WorkResult, worker_type

#: Every byte there is: no text in any encoding.
ALL_BYTES = bytes(range(256))


@worker_type("accept-echo", version="1")
def echo(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    return WorkResult(content=request.content)


@worker_type("accept-Nothing", version="1")
def nothing(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    """Return no content; the type's name has a capital letter, its queues have none."""
    return WorkResult()


@worker_type("accept-stamp-a", version="1")
def stamp_a(request: WorkRequest, context: WorkContext) -> WorkResult:
    return _stamp("a", request, context)


@worker_type("accept-stamp-b", version="1")
def stamp_b(request: WorkRequest, context: WorkContext) -> WorkResult:
    return _stamp("b", request, context)


@worker_type("accept-stamp-c", version="1")
def stamp_c(request: WorkRequest, context: WorkContext) -> WorkResult:
    return _stamp("c", request, context)


@worker_type("accept-late", version="1")
def late(request: WorkRequest, context: WorkContext) -> WorkResult:
    return _stamp("late", request, context)


@worker_type("accept-binary", version="1")
def binary(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    """Return content that is no text, with headers for the next step."""
    return WorkResult(content=ALL_BYTES, additional_headers={"acme.colour": "blue", "acme.count": "3"})


@worker_type("accept-inspect", version="1")
def inspect(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    """Tell what came in."""
    return WorkResult.json(
        {
            "content": base64.b64encode(request.content).decode(),
            "sha256": hashlib.sha256(request.content).hexdigest(),
            "headers": dict(request.headers),
            "content_type": request.content_type,
            "owner": request.owner,
            "session": request.session,
        }
    )


@worker_type("accept-heavy-a", version="1")
def heavy_a(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    return WorkResult(content=made_heavy(request.content))


@worker_type("accept-heavy-b", version="1")
def heavy_b(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    return WorkResult(content=made_heavy(request.content))


@worker_type("accept-heavy-c", version="1")
def heavy_c(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    return WorkResult(content=made_heavy(request.content))


def made_heavy(content: bytes) -> bytes:
    """Return 20 MB that depend on every byte of a content."""
    return hashlib.shake_256(content).digest(20_000_000)


@worker_type("accept-slow", version="1")
def slow(request: WorkRequest, context: WorkContext) -> WorkResult:
    time.sleep(json.loads(request.content)["seconds"])
    return _stamp("slow", request, context)


@worker_type("accept-raise", version="1")
def fail(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    raise ValueError("the sky is not blue")


@worker_type("accept-picky", version="1")
def picky(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    raise InvalidContent("no geometry in the body")


@worker_type("accept-postpone", version="1")
def postpone(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Ask for a second attempt, which then succeeds."""
    effects = effect_file(context.storage, request.request_id)
    first_time = not effects.exists()
    result = _stamp("postpone", request, context)
    if first_time:
        raise RetryLater(after=0.5, reason="the archive is closed")
    return result


@worker_type("accept-mend", version="1")
def mend(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Fail at the first attempt; the next one succeeds."""
    effects = effect_file(context.storage, request.request_id)
    first_time = not effects.exists() or " mend " not in effects.read_text(encoding="utf-8")
    result = _stamp("mend", request, context)
    if first_time:
        raise ValueError("the disk is full")
    return result


@worker_type("accept-kill", version="1")
def kill(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Kill the process that runs it when the body says so."""
    result = _stamp("kill", request, context)
    if b"poison" in request.content:
        os.kill(os.getpid(), signal.SIGKILL)
    return result


@worker_type("accept-stuck", version="1")
def stuck(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Leave an effect, then give no sign for as long as the body says."""
    result = _stamp("stuck", request, context)
    time.sleep(json.loads(request.content).get("seconds", 0))
    return result


@worker_type("accept-interrupted", version="1")
def interrupted(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Take long for the first attempt, if the body says so."""
    return _endure("interrupted", request, context)


@worker_type("accept-endure", version="1", longest=3600)
def endure(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Do the same, and say so before."""
    return _endure("endure", request, context)


def _endure(step: str, request: WorkRequest, context: WorkContext) -> WorkResult:
    result = _stamp(step, request, context)
    if (request.dispatch_id or "").endswith(":1"):
        time.sleep(json.loads(request.content)["seconds"])
    return result


def effect_file(storage: Path, request_id: str) -> Path:
    """Return the file that holds one line per run of a request."""
    return storage / "effects" / request_id


def _stamp(step: str, request: WorkRequest, context: WorkContext) -> WorkResult:
    """Leave an effect outside, and add this run to the trail in the content: the step and a token."""
    time.sleep(0.04)
    token = secrets.token_hex(4)
    file = effect_file(context.storage, request.request_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as effects:
        effects.write(f"{request.dispatch_id} {step} {token}\n")
    body = json.loads(request.content)
    body["trail"] = [*body.get("trail", []), [step, token]]
    return WorkResult.json(body, additional_headers={"acme.step": step})
