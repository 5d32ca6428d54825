"""How a client tells people and programs what became of its requests."""

import base64
import json
import time
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from worker_manager.client.following import Followed, Following
from worker_manager.events.request_answered import ResponseState

#: Seconds between two looks at requests that may be many.
_REFRESH: Final = 0.2


def json_line(request: Followed) -> str:
    """Return a request that has ended as one line of JSON.

    JSON content stands as it is in ``content``; any other is Base64 text in ``contentBase64``.
    """
    fields = {
        "requestId": request.request_id,
        "state": request.state,
        "workerType": request.worker_type,
        "seconds": round(request.seconds, 3),
        "messages": list(request.messages),
        **_content(request.content),
    }
    return json.dumps(
        {name: value for name, value in fields.items() if value is not None}, ensure_ascii=False
    )


def _content(content: bytes | None) -> dict[str, Any]:
    if content is None:
        return {}
    try:
        return {"content": json.loads(content)}
    except ValueError:
        return {"contentBase64": base64.b64encode(content).decode("ascii")}


def summary(following: Following) -> str:
    """Return in words how many requests ended how, and how many did not."""
    parts = [f"{count} {state}" for state, count in sorted(following.ended.items())]
    if following.open_count:
        parts.append(f"{following.open_count} not ended")
    return ", ".join(parts) or "nothing was submitted"


class ProgressBar:
    """A bar on stderr while its block lasts; nothing where stderr is no terminal."""

    def __init__(self, *, total: int, following: Following) -> None:
        console = Console(stderr=True)
        self._following = following
        self._next = 0.0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("submitting", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self) -> None:
        """Show where things stand; not more often than a person can see."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _REFRESH
        self._progress.update(
            self._task,
            completed=sum(self._following.ended.values()),
            description=_activity(self._following),
        )


def _activity(following: Following) -> str:
    if not following.open_count:
        return "done"
    waiting = sum(request.state is ResponseState.DELAYED for request in following.open)
    if waiting:
        return f"{waiting} wait for a worker"
    unheard = sum(request.state is None for request in following.open)
    return f"{unheard} not taken in yet" if unheard else "workers are busy"
