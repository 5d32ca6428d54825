"""Celery's consumer, which waits for a broker that does not let it in."""

import logging
import time
from typing import Any, Final

from amqp.exceptions import AccessRefused, NotAllowed
from celery.worker.consumer.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu.utils.url import maybe_sanitize_url

log = logging.getLogger(__name__)

#: Seconds before the second attempt; each pause is twice the one before, up to the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 10.0
#: Seconds between two looks whether the process is to end.
_LOOK: Final = 0.25


class PatientConsumer(Consumer):
    """Waits where a virtual host is missing, or a password is wrong, until an operator has seen to it.

    Celery takes both for errors that stay: it starts its consumer anew, many times a second, or ends.
    """

    def connect(self) -> Any:
        """Connect, as often as it takes."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return super().connect()
            except (AccessRefused, NotAllowed) as error:
                log.error(  # noqa: TRY400 (what is wrong stands outside of the code)
                    "the broker %s does not let this process in, trying again in %g s: %s",
                    maybe_sanitize_url(self.app.conf.broker_url),
                    pause,
                    error.reply_text,
                    extra={"action": "broker.refused"},
                )
            _wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _wait(seconds: float) -> None:
    """Pause, unless the process is to end."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        maybe_shutdown()
        time.sleep(min(left, _LOOK))
