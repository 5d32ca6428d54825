"""The lock of a pool's results, which a child that was ended may have kept.

Note: how it is kept.
    A child that is ended, by a time limit or because its work was cancelled, tells the pool that it dies, and
    the pool ends it once more as soon as it has read that. When this comes before the child has let go of the
    lock, nobody gets it any more: the child in its place answers nothing, and a worker that stops waits for
    ever. Pools that have a pipe for each child, as with RabbitMQ, have no such lock.
"""

import threading
import time
from typing import Any, Final

#: Seconds after which nobody who lives still writes a result, and between two looks.
_LONGEST: Final = 5.0
_PAUSE: Final = 0.5


def keep_free(pool: Any) -> None:
    """Free the lock of a pool's results whenever a dead child has it, as long as this process lives."""
    if lock_of(pool):
        threading.Thread(target=_look_after, args=(pool,), name="pool lock", daemon=True).start()


def _look_after(pool: Any) -> None:
    while lock := lock_of(pool):
        free(lock, patience=_LONGEST)
        time.sleep(_PAUSE)


def lock_of(pool: Any) -> Any:
    """Return the lock of the results of a pool of Celery; ``None`` where there is none."""
    processes = getattr(pool, "_pool", None)
    return getattr(getattr(processes, "_outqueue", None), "_wlock", None)


def free(lock: Any, *, patience: float) -> None:
    """Free a lock that nobody lets go of within so many seconds."""
    lock.acquire(True, patience)
    # Taken by us, or by nobody who lives: either way it is free from now on.
    lock.release()
