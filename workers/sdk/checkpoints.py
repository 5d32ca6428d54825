"""Where long work notes how far it is: files that outlive the process, in a folder that the fleet shares.

A checkpoint belongs to one worker type, one step of one request and one content, not to an attempt: the next
attempt, wherever it runs, finds it. A ghost of an attempt before may still write; it does the same work.
"""

import hashlib
import json
import logging
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from workers.contract.whole_file import write_whole
from workers.contract.work_request import WorkRequest
from workers.sdk.errors import InvalidCheckpoint

MOST_BYTES: Final = 1024 * 1024
_DAY: Final = 86_400.0
_NAME_LENGTH: Final = 40

_log: Final = logging.getLogger(__name__)


class Checkpoint:
    """The checkpoint of one piece of work."""

    def __init__(self, *, folder: Path, worker_type: str, request: WorkRequest) -> None:
        self._folder = folder
        self._worker_type = worker_type
        self._request = request

    @cached_property
    def file(self) -> Path:
        """Return the file; work that has no checkpoint never looks for its name."""
        request = self._request
        # Fenced dispatches name request and step for ever; of others the request's own name has to do.
        step = request.dispatch_id.rpartition(":")[0] if request.dispatch_id else ""
        words = (self._worker_type, request.tenant, request.request_id, step)
        digest = hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass") + b"\0")
        digest.update(request.content)
        name = digest.hexdigest()[:_NAME_LENGTH]
        return self._folder / name[:2] / f"{name}.json"

    def load(self) -> Any:
        """Return what was saved last, by this attempt or one before; ``None`` when nothing was."""
        try:
            return json.loads(self.file.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            # Not ours: what we write is there whole or not at all.
            return None

    def save(self, value: object) -> None:
        """Save a JSON value in the place of the last one; it is on the disk when this returns.

        Raises:
            InvalidCheckpoint: the value is no JSON, or larger than 1 MiB.
        """
        try:
            content = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidCheckpoint(f"A checkpoint is a JSON value: {error}") from error
        if len(content) > MOST_BYTES:
            raise InvalidCheckpoint(f"A checkpoint is limited to {MOST_BYTES} bytes, got {len(content)}")
        write_whole(self.file, content)

    def clear(self) -> None:
        """Forget what was saved."""
        self.file.unlink(missing_ok=True)

    def done(self) -> None:
        """Forget what was saved, if this work has looked at it: it has succeeded."""
        if "file" in vars(self):
            self.clear()


def sweep(folder: Path, *, older_than: float, now: float) -> int:
    """Remove what nobody has come back to for so many days; return how much. ``now`` is a Unix time.

    What cannot be removed stays: a file of another account, a folder that the file system has put there.
    """
    limit, removed = now - older_than * _DAY, 0
    for file in folder.glob("*/*"):
        try:
            if file.stat().st_mtime < limit:
                file.unlink()
                removed += 1
        # Another process of the fleet was faster.
        except FileNotFoundError:
            continue
        except OSError as error:
            _log.warning("old checkpoint not removed: %s", error, extra={"action": "checkpoint.kept"})
    return removed
