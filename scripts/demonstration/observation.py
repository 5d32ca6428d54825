"""Which worker did which step: heard on the exchange where workers answer, beside the client's responses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from regards_processing.kernel.amqp.envelope import Inbound
from workers.contract import answer_bulk, names
from workers.contract.errors import MalformedMessage
from workers.contract.wire import Wire
from workers.contract.work_answer import AnswerStatus, WorkAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeen:
    """One step that a worker answered."""

    #: Instance that did the work.
    worker_id: str
    #: Seconds since the step before was answered, waiting included; of the first step, since the submission.
    seconds: float


@dataclass(slots=True)
class Journey:
    """The way of one request through the workers."""

    #: Seconds on the observer's clock when the last step was answered, or the request submitted.
    since: float
    #: By the order in which they were answered.
    steps: list[StepSeen] = field(default_factory=list)


class Hearing(Protocol):
    """What hears answers of workers and responses to clients."""

    def receive(self, timeout: float) -> Sequence[Inbound]:
        """Return what has arrived; wait up to ``timeout`` seconds for the first message."""


class Clock(Protocol):
    """Tells the time in seconds."""

    def __call__(self) -> float:
        """Return the time."""


class Observer:
    """Notes the answers of workers and passes on what is said to clients."""

    def __init__(self, hearing: Hearing, *, clock: Clock) -> None:
        self._hearing = hearing
        self._clock = clock
        #: By request id.
        self.journeys: dict[str, Journey] = {}

    def submitted(self, request_ids: Sequence[str]) -> None:
        """Start to observe requests."""
        for request_id in request_ids:
            self.journeys[request_id] = Journey(since=self._clock())

    def receive(self, timeout: float) -> Sequence[Inbound]:
        """Return the responses to clients that have arrived."""
        messages = self._hearing.receive(timeout)
        now = self._clock()
        for message in messages:
            if message.exchange == names.FENCED_ANSWERS:
                self._note(message, now)
        return [message for message in messages if message.exchange != names.FENCED_ANSWERS]

    def _note(self, message: Inbound, now: float) -> None:
        whole = Wire(headers=dict(message.headers), body=message.body, correlation_id=message.correlation_id)
        try:
            wires = answer_bulk.parts(whole, content_type=message.properties.get("content_type"))
            answers = [
                WorkAnswer.from_wire(headers=one.headers, body=one.body, correlation_id=one.correlation_id)
                for one in wires
            ]
        except MalformedMessage:
            return
        for answer in answers:
            self._note_answer(answer, now)

    def _note_answer(self, answer: WorkAnswer, now: float) -> None:
        journey = self.journeys.get(answer.request_id)
        if journey is not None and answer.status is AnswerStatus.SUCCESS:
            worker = answer.worker_id or "unnamed"
            journey.steps.append(StepSeen(worker_id=worker, seconds=now - journey.since))
            journey.since = now
