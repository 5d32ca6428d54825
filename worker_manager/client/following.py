"""What a client knows of the requests it submitted, from the responses it heard. Pure; no broker."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from regards_processing.kernel.amqp.envelope import Inbound
from worker_manager.events.request_answered import RequestAnswered, ResponseState
from workers.contract.errors import MalformedMessage

log = logging.getLogger(__name__)

#: After one of these nothing more is heard of a request.
FINAL: Final = frozenset(ResponseState) - {ResponseState.GRANTED, ResponseState.DELAYED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """The request was sent to a worker type."""

    worker_type: str
    #: Seconds after the submission.
    after: float


@dataclass(slots=True, kw_only=True)
class Followed:
    """One request, as its client sees it."""

    request_id: str
    #: Seconds on the caller's clock.
    submitted_at: float
    #: ``None`` until something was heard.
    state: ResponseState | None = None
    #: Worker type of the last dispatch.
    worker_type: str | None = None
    messages: tuple[str, ...] = ()
    #: Final content, with ``SUCCESS`` only.
    content: bytes | None = None
    #: From submission to the last response, in seconds.
    seconds: float = 0.0
    #: Every dispatch that was heard of; those of one bulk of the manager may come as one.
    dispatches: list[Dispatched] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether nothing more will be heard."""
        return self.state in FINAL

    def apply(self, answer: RequestAnswered, *, at: float) -> None:
        """Take a response into account."""
        self.state, self.messages, self.content = answer.state, answer.messages, answer.content
        self.seconds = at - self.submitted_at
        self.worker_type = answer.worker_type or self.worker_type
        if answer.state is ResponseState.GRANTED and answer.worker_type:
            self.dispatches.append(Dispatched(worker_type=answer.worker_type, after=self.seconds))


class Following:
    """The requests of one client that have not ended yet."""

    def __init__(self, *, tenant: str) -> None:
        self._tenant = tenant
        self._open: dict[str, Followed] = {}
        #: Requests that ended, by their state.
        self.ended: dict[ResponseState, int] = {}

    @property
    def open(self) -> Sequence[Followed]:
        """The requests that have not ended, oldest first."""
        return list(self._open.values())

    @property
    def open_count(self) -> int:
        """How many requests have not ended."""
        return len(self._open)

    def submitted(self, *, request_ids: Iterable[str], at: float) -> None:
        """Start to follow requests."""
        for request_id in request_ids:
            self._open[request_id] = Followed(request_id=request_id, submitted_at=at)

    def hear(self, *, messages: Iterable[Inbound], at: float) -> list[Followed]:
        """Take responses into account and return the requests that have ended.

        Every client hears the responses of all: those to requests of others are passed over.
        """
        ended = []
        for message in messages:
            answer = _answer(message)
            if answer is None or answer.tenant != self._tenant or answer.request_id not in self._open:
                continue
            followed = self._open[answer.request_id]
            followed.apply(answer, at=at)
            if followed.finished:
                del self._open[answer.request_id]
                self.ended[answer.state] = self.ended.get(answer.state, 0) + 1
                ended.append(followed)
        return ended


def _answer(message: Inbound) -> RequestAnswered | None:
    try:
        return RequestAnswered.from_wire(headers=message.headers, body=message.body)
    except (MalformedMessage, KeyError, ValueError) as error:
        log.info("response passed over: %r", error, extra={"action": "response.unreadable"})
        return None
