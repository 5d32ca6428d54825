"""Lets a worker of Celery stop as soon as it is told to, also while it waits for the embedded broker."""

from typing import Any

from celery import bootsteps
from celery.worker import state

from workers.transport.embedded import EmbeddedTransport


def told_to_stop() -> bool:
    """Return whether this process, a worker of Celery, is to end."""
    # Celery keeps the exit code there, and 0 is one.
    flags: tuple[object, object] = (state.should_stop, state.should_terminate)
    return any(flag is not None and flag is not False for flag in flags)


class PromptStop(bootsteps.StartStopStep):
    """A step of Celery's consumer; without it, two waits of two seconds each pass before it looks."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, consumer: Any) -> None:
        """Have each new connection look."""
        transport = consumer.connection.transport
        if isinstance(transport, EmbeddedTransport):
            transport.interrupted = told_to_stop
