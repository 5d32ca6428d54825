"""Worker types that the fleets of these tests run."""

import os
import sys
import time

from kombu.asynchronous import get_event_loop
from pydantic import BaseModel

from workers.sdk import (
    Cancelled,
    InvalidContent,
    RetryLater,
    WorkContext,
    WorkRequest,
    WorkResult,
    worker_type,
)


@worker_type("echo", version="1.2")
def echo(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Return what came in."""
    context.workdir.joinpath("trace").write_bytes(request.content)
    return WorkResult(
        content=request.content,
        additional_headers={"seen": request.headers.get("hint", "none")},
        messages=(f"echoed {len(request.content)} bytes",),
    )


@worker_type("Unpack", version="1.0")
def unpack(request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Return as many bytes as it is told, after a second."""
    time.sleep(1)
    return WorkResult(content=os.urandom(int(request.content)))


@worker_type("grow", version="1.0")
def grow(request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Add to what came in, and tell whether that is enough."""
    content = request.content + b"+"
    return WorkResult(content=content, additional_headers={"fit": "poor" if len(content) < 100 else "good"})


class Scene(BaseModel):
    """What is measured."""

    width: int


@worker_type("measure", version="1.0")
def measure(scene: Scene, _context: WorkContext) -> Scene:
    """Return what came in, if it is a scene."""
    return scene


@worker_type("tally", version="1.0", bulk=10)
def tally(scenes: list[Scene], context: WorkContext) -> list[WorkResult | Exception]:
    """Tell each how many there are at once; refuse those inside out, and fail altogether where one is 13."""
    assert 13 not in [scene.width for scene in scenes]
    context.progress(f"{len(scenes)} scenes")
    return [
        InvalidContent("inside out") if scene.width < 0 else WorkResult.json(len(scenes)) for scene in scenes
    ]


@worker_type("resume", version="1.0")
def resume(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Die after the first half, and do the second one when it is run again."""
    if context.checkpoint.load() is None:
        context.checkpoint.save({"done": "first half"})
        os._exit(9)
    return WorkResult.json([context.checkpoint.load(), request.dispatch_id])


@worker_type("refuse", version="1.0")
def refuse(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Refuse the content."""
    raise InvalidContent("no width")


@worker_type("fail", version="1.0")
def fail(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Fail."""
    raise ZeroDivisionError("no \udcff luck")


class Unspeakable(Exception):
    """An error that fails to say what it is."""

    def __str__(self) -> str:
        raise LookupError("no words")


@worker_type("mumble", version="1.0")
def mumble(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Fail without a word."""
    raise Unspeakable


def _look_for_the_tape() -> None:
    """Fail, as code does that nobody has run on such a machine."""
    raise FileNotFoundError("no tape drive")


@worker_type("tape", version="1.0", check_start=_look_for_the_tape)
def read_tape(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Never run."""
    return WorkResult()


@worker_type("quit", version="1.0")
def leave(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """End the process, as careless libraries do."""
    sys.exit(3)


@worker_type("later", version="1.0")
def later(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Ask for another time."""
    raise RetryLater(after=7.5, reason="tape is busy")


@worker_type("wrong", version="1.0")
def wrong(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Return something else than a result."""
    return WorkResult(content="text")  # type: ignore[arg-type]


@worker_type("Sleep", version="1.0")
def sleep(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Take the seconds that the content says."""
    context.workdir.joinpath("trace").touch()
    context.progress("half way", 50)
    time.sleep(float(request.content))
    return WorkResult(content=b"slept")


@worker_type("loop", version="1.0")
def loop(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Tell of progress for half a minute, and leave a file when it is cut short."""
    try:
        for step in range(1500):
            context.progress("going on", step / 15)
            time.sleep(0.02)
    except Cancelled:
        context.storage.mkdir(parents=True, exist_ok=True)
        context.storage.joinpath(request.request_id).touch()
        raise
    return WorkResult(content=b"went on")


@worker_type("die", version="1.0")
def die(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Take the process along."""
    os._exit(9)


@worker_type("hold", version="1.0", longest=3600)
def hold(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Take the seconds that the content says; it might be an hour."""
    return sleep(request, context)


@worker_type("vanish", version="1.0", longest=3600)
def vanish(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Take the process along, in the middle of long work."""
    os._exit(9)


def _of_request(request: WorkRequest) -> float:
    """Return what a header says of the length of a request."""
    return float(request.headers["longest"])


@worker_type("vary", version="1.0", longest=_of_request)
def vary(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Take the seconds that the content says; what they might be depends on the request."""
    return sleep(request, context)


@worker_type("vary-vanish", version="1.0", longest=_of_request)
def vary_vanish(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Take the process along, in the middle of work that may be long."""
    os._exit(9)


@worker_type("brief", version="1.0", longest=0.5)
def brief(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Take the seconds that the content says; half a one was declared."""
    return sleep(request, context)


@worker_type("stall", version="1.0")
def stall(request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Keep the event loop of the main thread from turning for the seconds that the content says."""
    loop = get_event_loop()
    assert loop is not None
    loop.call_soon(time.sleep, float(request.content))
    return WorkResult()


@worker_type("who", version="1.0")
def who(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Tell which process works."""
    return WorkResult.json(os.getpid())
