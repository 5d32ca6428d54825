"""What the kernel checks: database, broker, outbox, sweeps."""

import threading
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.models import Min

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.connection import BrokerAddress, address_from_settings
from regards_processing.kernel.amqp.probing import BrokerProbe
from regards_processing.kernel.observability.health import Unfit
from regards_processing.kernel.observability.sweeps import last_runs, scheduled_sweeps
from regards_processing.kernel.outbox.models import OutboxEntry

#: When this process began to look: what has never run, on a new database or in a new release, may be due yet.
_FIRST_LOOK: Final = clock.now()


def database(_at: datetime) -> str:
    """Ask the database for an answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return "It answers"


def broker(_at: datetime) -> str:
    """Publish a message, and wait until the broker has confirmed it."""
    _probe.get().ask()
    return "It confirmed a message"


def outbox(at: datetime) -> str:
    """Look for messages that should have left long ago."""
    oldest: datetime | None = OutboxEntry.objects.aggregate(oldest=Min("created_at"))["oldest"]
    age = 0.0 if oldest is None else (at - oldest).total_seconds()
    if age > settings.OUTBOX_LAG:
        raise Unfit(
            f"Messages have waited for the broker for {age:.0f} s, the limit is {settings.OUTBOX_LAG}"
        )
    return "No message waits for long"


def sweeps(at: datetime, *, since: datetime | None = None) -> str:
    """Look whether beat and jobs run the frequent sweeps.

    What never ran has as long, from ``since`` on: when nothing is said, from this process's first look.
    """
    silence = timedelta(seconds=settings.SWEEP_SILENCE)
    # Of what is due but once within that time, each run would be late by a moment.
    frequent = [sweep.task for sweep in scheduled_sweeps() if 2 * sweep.period <= silence]
    ran = last_runs()
    late = [task for task in frequent if at - ran.get(task, since or _FIRST_LOOK) > silence]
    if late:
        names = ", ".join(task.rpartition(".")[2] for task in late)
        raise Unfit(f"Not run within {settings.SWEEP_SILENCE} s: {names}. Are beat and jobs running?")
    new = sum(task not in ran for task in frequent)
    return f"{len(frequent) - new} sweeps run" + (
        f", {new} have yet to run for the first time" if new else ""
    )


class _Probe:
    """The probe of this process, for the broker that the settings name now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._address: BrokerAddress | None = None
        self._probe: BrokerProbe | None = None

    def get(self) -> BrokerProbe:
        address = address_from_settings()
        with self._lock:
            if self._probe is None or self._address != address:
                self.forget()
                self._address = address
                self._probe = BrokerProbe(
                    address=address, app_id=settings.AMQP_APP_ID, timeout=settings.CHECK_TIMEOUT
                )
            return self._probe

    def forget(self) -> None:
        if self._probe is not None:
            self._probe.close()
            self._probe = None


_probe: Final = _Probe()
