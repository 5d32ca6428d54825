"""The engine with a broker in memory: its services, called with a time, and what they published."""

from datetime import datetime

from django.test import TestCase

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.audit.models import Origin
from tests.factories.worker_manager import AT
from worker_manager.events.request_answered import RequestAnswered
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.events.work_dead_lettered import WorkDeadLettered
from worker_manager.kept_places import KeptPlaces
from worker_manager.services.answers import apply_answers
from worker_manager.services.dead_letters import fail_dead_requests
from worker_manager.services.dropped import Dropped
from worker_manager.services.liveness import record_heartbeats
from worker_manager.services.rescue import rescue_silent
from worker_manager.services.submission import SubmissionReport, submit_requests
from worker_manager.services.waiting import redispatch_waiting
from workers.contract.heartbeat import WorkerHeartbeat
from workers.contract.work_answer import WorkAnswer

#: What a transaction left to do is done when its block ends, in tests that never commit as well.
committing = TestCase.captureOnCommitCallbacks


class Engine:
    """Calls the services as the consumers of one manager do; each call commits and publishes."""

    def __init__(self, broker: InMemoryBroker) -> None:
        self.broker = broker
        self._kept = KeptPlaces()

    def submit(
        self,
        *submitted: RequestSubmitted,
        at: datetime = AT,
        max_bytes: int = 1000,
        origin: Origin = Origin.MESSAGE,
    ) -> SubmissionReport:
        with committing(execute=True):
            return submit_requests(
                submissions=submitted, at=at, max_bytes=max_bytes, kept=self._kept, origin=origin
            )

    def answer(self, *answers: WorkAnswer, at: datetime = AT) -> list[Dropped]:
        with committing(execute=True):
            return apply_answers(answers=answers, at=at, kept=self._kept)

    def bury(self, *dead: WorkDeadLettered, at: datetime = AT) -> list[Dropped]:
        with committing(execute=True):
            return fail_dead_requests(dead=dead, at=at, kept=self._kept)

    def beat(self, *beats: WorkerHeartbeat, at: datetime = AT) -> list[Dropped]:
        with committing(execute=True):
            return record_heartbeats(beats=beats, at=at)

    def redispatch(self, *, at: datetime = AT) -> int:
        with committing(execute=True):
            return redispatch_waiting(at=at)

    def rescue(self, *, at: datetime = AT) -> int:
        with committing(execute=True):
            return rescue_silent(at=at)

    def forget(self) -> None:
        """Start afresh with what was published."""
        self.broker.published.clear()

    def responses(self) -> list[RequestAnswered]:
        """Return what clients were told, oldest first."""
        sent = self.broker.published_to(topology.RESPONSE_EVENT_EXCHANGE)
        return [RequestAnswered.from_wire(headers=message.headers, body=message.body) for message in sent]

    def states(self) -> list[tuple[str | None, str]]:
        """Return request and state of what clients were told, oldest first."""
        return [(response.request_id, str(response.state)) for response in self.responses()]

    def dispatches(self) -> list[Outbound]:
        """Return what was sent to workers, oldest first."""
        return [message for message in self.broker.published if message.worker_type is not None]
