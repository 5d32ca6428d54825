"""Long work is acknowledged when it begins, and watched over by its manager from then on.

Note: who watches over long work.
    RabbitMQ closes the channel of a worker that holds a message for longer than its consumer time-out, and
    gives the message to another one. So a message of long work is held only until the broker has the word
    that the work begins, RUNNING with the name of this process. From then on the row of the manager is what
    brings the work back when the process dies: its heartbeats end, or the run time-out passes. Nothing is
    lost in between, whichever of the two dies when: the word is there before the message goes.

    An acknowledged message makes room for the next one, which would wait behind hours of work while other
    processes are idle. So the broker is told first to send only as much as can begin at once.

    Work is long or not by its request: a worker type may declare one length for all, or tell that of each.
"""

from collections.abc import Callable
from functools import partial

from workers.contract.work_answer import AnswerStatus
from workers.sdk import process
from workers.sdk.length import is_long
from workers.sdk.managed import ManagedRequest

Callback = Callable[[], None]


class LongWork:
    """The long work of one process; called in the thread of its event loop."""

    def __init__(
        self,
        *,
        impatient: bool,
        concurrency: Callable[[], int],
        room: Callable[[int], None],
        start: Callable[[ManagedRequest], object],
        stopping: Callable[[], bool],
        give_back: Callable[[ManagedRequest], object],
        soon: Callable[[Callback], object],
    ) -> None:
        """Take care of long work.

        Args:
            impatient: whether the broker takes back what is held for long.
            concurrency: tells how many requests the pool runs at a time.
            room: has the broker send so many messages and no more.
            start: hands a request to the pool.
            stopping: tells whether the process ends: the pool takes nothing any more.
            give_back: sends a request back to its queue.
            soon: calls back when the event loop turns.
        """
        self._impatient = impatient
        self._concurrency = concurrency
        self._room = room
        self._start = start
        self._stopping = stopping
        self._give_back = give_back
        self._soon = soon
        #: Requests that are here, and those of them that the broker knows nothing of any more.
        self._here: set[str] = set()
        self._acknowledged: set[str] = set()

    def take(self, request: ManagedRequest) -> bool:
        """Take a request of long work, or what would have to wait for it; return False for any other.

        A manager that does not fence its dispatches has no watchdog either: its messages are held to the end.
        """
        if self._here and len(self._here) >= self._concurrency():
            # After a lost connection the broker sends before it can be told that there is no room.
            self._give_back(request)
            return True
        fenced = request.work.request.dispatch_id is not None
        if not (self._impatient and fenced and is_long(request.longest)):
            return False
        self._here.add(request.id)
        request.on_end = partial(self._end, request.id)
        request.announced = True
        running = process.runner().worded(request.work.request, AnswerStatus.RUNNING)
        request.send(running, confirmed=partial(self._begin, request))
        return True

    def reconnected(self) -> None:
        """Tell a new connection how much room there is."""
        if self._acknowledged:
            self._soon(self._make_room)

    def _begin(self, request: ManagedRequest) -> None:
        if request.handed_back or self._stopping():
            # It is for another process, now or in a moment.
            return
        self._acknowledged.add(request.id)
        request.watched = True
        try:
            self._make_room()
            request.acknowledge_early()
        finally:
            # The manager counts on it, whether or not the connection is lost right now.
            self._start(request)

    def _end(self, identity: str) -> None:
        self._here.discard(identity)
        if identity in self._acknowledged:
            self._acknowledged.remove(identity)
            self._soon(self._make_room)

    def _make_room(self) -> None:
        self._room(max(0, self._concurrency() - len(self._acknowledged)))
