"""The services of jobs, called with a time, and the messages that they sent."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import count
from uuid import UUID

from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.services.cancellation import cancel_job
from regards_processing.kernel.jobs.services.rescue import sweep_jobs
from regards_processing.kernel.jobs.services.running import run_job
from regards_processing.kernel.jobs.services.scheduling import schedule_jobs
from regards_processing.kernel.jobs.services.submission import run_again, submit_job
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.worker_manager import AT, later
from tests.fakes.engine import committing
from tests.fakes.job_kinds import WRITE, Book

ADA = Actor(name="ada", origin=Origin.REST)


class RecordingSender:
    """Records the jobs that workers are asked to run."""

    def __init__(self) -> None:
        self.sent: list[UUID] = []
        #: Whether the broker is away.
        self.down = False

    def send(self, job_id: UUID) -> None:
        if self.down:
            raise BrokerUnavailable
        self.sent.append(job_id)


class Office:
    """Calls the services as their doors do; each call commits and sends."""

    def __init__(self, sender: RecordingSender) -> None:
        self.sender = sender
        self._ticks = count(1)

    def submit(
        self,
        tenant: Tenant | None,
        *,
        kind: str = WRITE,
        book: Book | None = None,
        at: datetime = AT,
    ) -> UUID:
        with committing(execute=True):
            parameters = book or Book()
            return submit_job(kind=kind, tenant=tenant, parameters=parameters, actor=ADA, at=at).pk

    def schedule(self, *, at: datetime = AT) -> int:
        with committing(execute=True):
            return schedule_jobs(at=at)

    def sweep(self, *, at: datetime = AT) -> int:
        with committing(execute=True):
            return sweep_jobs(at=at)

    def run(self, job_id: UUID, *, now: Callable[[], datetime] = lambda: AT) -> JobState | None:
        with committing(execute=True):
            return run_job(job_id=job_id, now=now)

    def run_sent(self) -> list[UUID]:
        """Run what was sent until nothing is left, as a worker and the sweep do; return the jobs in order."""
        ran: list[UUID] = []
        while self.sender.sent or self.sweep(at=self._tick()):
            ran.append(self.sender.sent.pop(0))
            with suppress(ValueError, DomainError):
                self.run(ran[-1], now=self._tick)
        return ran

    def cancel(self, job_id: UUID) -> None:
        with committing(execute=True):
            cancel_job(job_id=job_id, actor=ADA, at=AT)

    def again(self, job_id: UUID) -> UUID:
        with committing(execute=True):
            return run_again(job_id=job_id, actor=ADA, at=AT).pk

    def _tick(self) -> datetime:
        """Return a time that no other call got."""
        return later(next(self._ticks) / 1000)


def the_job(job_id: UUID) -> Job:
    """Return a stored job."""
    return Job.objects.of_any_tenant().get(pk=job_id)


def state_of(job_id: UUID) -> str:
    """Return where a job is."""
    return the_job(job_id).state
