"""How a worker process stops: in order within its grace, and then in any case.

Note: why not by Celery's soft shutdown.
    It sleeps in a signal handler of the main thread for as long as its time-out says, however soon the work
    ends, and meanwhile nobody takes the results of the pool. It works for SIGQUIT only. So SIGTERM is
    Celery's warm shutdown, which waits for the work and no longer, and a thread beside it sets its end.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from celery import Celery
from celery.worker import state

from workers.sdk.answers import with_exchanges
from workers.sdk.handing_back import postponed
from workers.sdk.managed import ManagedRequest
from workers.sdk.outgoing import Outgoing
from workers.sdk.publishing import PERSISTENT, publish

#: Code of a process whose work did not end within its grace.
EXIT_CODE: Final = 1
_REASON: Final = "The worker was stopped before the work had ended"
#: Seconds that the last words may take.
_LAST_WORDS: Final = 5.0
_CONNECT_TIMEOUT: Final = 4.0

_log: Final = logging.getLogger(__name__)


class Stopping:
    """The end of one process."""

    def __init__(
        self, *, app: Celery, worker: Any, grace: float, leave: Callable[[int], object] = os._exit
    ) -> None:
        """Stop a worker of Celery.

        Args:
            app: its application.
            worker: its program.
            grace: seconds that work may go on; 0: for ever.
            leave: ends the process with a code, whatever its threads do.
        """
        self._app = app
        self._worker = worker
        self._grace = grace
        self._leave = leave
        self._begun = False

    def ask(self, code: int) -> None:
        """Have the process stop in order, and end with a code."""
        self.begin()
        state.should_stop = code  # type: ignore[assignment] # the stubs know only None

    def begin(self, **_signal: object) -> None:
        """See to it that the process ends, now that it was told to stop."""
        if self._begun:
            return
        self._begun = True
        if self._grace:
            self._beside("grace", self._watch)

    def _beside(self, name: str, work: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def _watch(self) -> None:
        time.sleep(self._grace)
        facts = {"action": "worker.gave_up", "grace": self._grace}
        _log.warning("work goes on after %g s of grace: it is handed back", self._grace, extra=facts)
        last_words = self._last_words()
        if last_words:
            self._beside("last words", partial(self._say, last_words)).join(_LAST_WORDS)
        # The children first: a new attempt must not meet a ghost of the old one.
        for child in getattr(getattr(self._worker.pool, "_pool", None), "_pool", ()):
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
        self._leave(EXIT_CODE)

    def _last_words(self) -> list[Outgoing]:
        """Return the answers that nobody has confirmed yet, and one for all work that will not end here."""
        consumer = getattr(self._worker, "consumer", None)
        if consumer is None:
            return []
        requests: Sequence[ManagedRequest] = list(consumer.in_hand.values())
        return [
            *consumer.answers.unconfirmed(),
            *(
                postponed(one.work.request, reason=_REASON)
                for one in requests
                if one.running and one.work.request.dispatch_id
            ),
        ]

    def _say(self, last_words: Sequence[Outgoing]) -> None:
        """Publish, on a connection of its own: the loop of the other one has ended, or does not turn."""
        try:
            with self._app.connection_for_write(
                connect_timeout=_CONNECT_TIMEOUT, transport_options={"confirm_publish": True}
            ) as connection:
                channel = with_exchanges(connection.channel())
                for words in last_words:
                    publish(
                        channel=channel,
                        exchange=words.exchange,
                        wire=words.wire,
                        delivery_mode=PERSISTENT,
                        key=words.key,
                    )
        # The process ends whatever happens; the broker then delivers the messages again.
        except Exception as error:  # noqa: BLE001
            _log.warning("last answers not sent: %s", error, extra={"action": "answer.lost"})
