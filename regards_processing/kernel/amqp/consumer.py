"""What every consumer of a queue has in common: decode, one service call, settle.

A consumer writes ``decode`` and ``handle``. The base owns the rule of what is acknowledged: a message is,
once its effect or its dead-letter copy is safely stored, and never before.
"""

import logging
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, TypeVar

from django.db import InterfaceError, OperationalError

from regards_processing.kernel.amqp.connection import BROKER_ERRORS
from regards_processing.kernel.amqp.dead_letters import dead_letter
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.failures import Failure, FailureKind, undecodable
from regards_processing.kernel.amqp.topology import QueueSpec, Topology
from regards_processing.kernel.db.limits import is_too_big
from regards_processing.kernel.db.outages import is_not_now
from workers.contract import headers as header
from workers.contract.errors import MalformedMessage

log = logging.getLogger(__name__)

T = TypeVar("T")

_DOWN_ERRORS: Final[tuple[type[Exception], ...]] = (OperationalError, InterfaceError, *BROKER_ERRORS)


def is_down(error: Exception) -> bool:
    """Tell whether the database or the broker is down: nothing is acknowledged, the broker delivers again."""
    return isinstance(error, _DOWN_ERRORS) or is_not_now(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An item that the service refused and that must be kept in the dead-letter queue."""

    #: Position among the items that were handed over.
    index: int
    reason: str
    #: Stable name of the reason.
    code: str


class BatchConsumer(ABC, Generic[T]):
    """Handles the messages of one queue, a bulk at a time. ``handle`` must survive the same message twice."""

    #: The queue that is read.
    queue: QueueSpec
    #: What is declared for a queue that comes and goes; the loop declares all others.
    topology: Topology = Topology()
    #: The queue that dead letters name, and go back to; by default the one that is read.
    home: QueueSpec | None = None
    #: The same for messages that cannot be decoded; by default they are no exception.
    home_of_malformed: QueueSpec | None = None
    #: Larger bodies are refused without looking into them.
    max_body_bytes: int = 64 * 1024**2
    #: Most items of one call of `handle`.
    max_items: ClassVar[int] = 1000

    @abstractmethod
    def decode(self, message: Inbound) -> T:
        """Read one message.

        Raises:
            MalformedMessage: it does not follow the contract.
        """

    @abstractmethod
    def handle(self, items: Sequence[T]) -> Sequence[Refusal]:
        """Handle a bulk with one call of a service; return what must go to the dead-letter queue."""

    def parts(self, message: Inbound) -> Sequence[Inbound]:
        """Return the messages that a message stands for: itself, unless several travel as one.

        Raises:
            MalformedMessage: it does not follow the contract.
        """
        return (message,)

    def notify(self, failures: Sequence[Failure]) -> None:
        """Hear once of the messages of a bulk that could not be handled; they are dead-lettered anyway."""

    def process(self, bulk: Sequence[Inbound]) -> list[Outbound]:
        """Handle a bulk and return the dead-letter copies; once these are published, all may be acknowledged.

        Raises:
            an error that `is_down` knows: database or broker is down; nothing may be acknowledged.
        """
        good, bad = self._decode_all(bulk)
        failed: list[Failure] = []
        copies = [
            copy
            for start in range(0, len(good), self.max_items)
            for copy in self._handle_all(good[start : start + self.max_items], failed)
        ]
        if bad:
            log.warning(
                "malformed messages",
                extra=self._fields("messages.malformed") | {"messages": len(bad), "reason": bad[0].reason},
            )
            copies += [self._undecoded(each) for each in bad]
        if bad or failed:
            self._notify([*bad, *failed])
        return copies

    def _decode_all(self, bulk: Sequence[Inbound]) -> tuple[list[tuple[Inbound, T]], list[Failure]]:
        good: list[tuple[Inbound, T]] = []
        bad: list[Failure] = []
        for message in self._parts_of_all(bulk, bad):
            try:
                good.append((message, self._decode(message)))
            except MalformedMessage as error:
                bad.append(undecodable(message, error, reason=error.reason))
            except Exception as error:
                if is_down(error):
                    raise
                log.exception("message cannot be decoded", extra=self._fields("message.undecodable"))
                bad.append(undecodable(message, error, reason=repr(error)))
        return good, bad

    def _parts_of_all(self, bulk: Sequence[Inbound], bad: list[Failure]) -> Iterator[Inbound]:
        for message in bulk:
            try:
                yield from self.parts(message)
            except MalformedMessage as error:
                kind = FailureKind.NOT_CONVERTED_MESSAGE
                bad.append(Failure(message=message, kind=kind, reason=error.reason))

    def _decode(self, message: Inbound) -> T:
        if message.unreadable is not None:
            raise MalformedMessage(f"Headers and properties cannot be read: {message.unreadable}")
        if len(message.body) > self.max_body_bytes:
            raise MalformedMessage(f"Body is limited to {self.max_body_bytes} bytes, got {len(message.body)}")
        return self.decode(message)

    def _handle_all(self, good: Sequence[tuple[Inbound, T]], failed: list[Failure]) -> list[Outbound]:
        try:
            return self._handle(good)
        except Exception as error:
            # Whatever else it is, it must not take the neighbours with it.
            if is_down(error) and not is_too_big(error):
                raise
            if len(good) == 1:
                kind = FailureKind.UNEXPECTED_BATCH_FAILURE
                failed.append(Failure(message=good[0][0], kind=kind, reason=repr(error)))
                return [self._failed(good[0][0], error)]
            log.warning(
                "bulk failed, its messages are tried one by one",
                extra=self._fields("bulk.replayed") | {"messages": len(good)},
            )
        return [copy for pair in good for copy in self._handle_all([pair], failed)]

    def _handle(self, good: Sequence[tuple[Inbound, T]]) -> list[Outbound]:
        refusals = self.handle([item for _, item in good])
        copies = [self._copy(good[r.index][0], r.reason, f"{r.code}: {r.reason}") for r in refusals]
        if refusals:
            first = refusals[0]
            log.warning(
                "messages refused",
                extra=self._fields("messages.refused")
                | {"messages": len(refusals), "code": first.code, "reason": first.reason},
            )
        return copies

    def _undecoded(self, failure: Failure) -> Outbound:
        home = self.home_of_malformed or self._home
        told = f"{MalformedMessage.code}: {failure.reason}"
        return dead_letter(failure.message, queue=home, reason=failure.reason, stacktrace=told)

    def _failed(self, message: Inbound, error: Exception) -> Outbound:
        log.error(
            "message failed and is kept as a dead letter",
            exc_info=error,
            extra=self._fields("message.failed")
            | {
                "message_id": message.message_id,
                "tenant": message.headers.get(header.TENANT),
                "request_id": message.headers.get(header.REQUEST_ID),
            },
        )
        return self._copy(message, repr(error), "".join(traceback.format_exception(error)))

    def _notify(self, failures: Sequence[Failure]) -> None:
        try:
            self.notify(failures)
        except Exception:
            # Whatever it is: the messages are safe without, and their neighbours must not come again.
            log.exception("operators could not be told", extra=self._fields("messages.unreported"))

    def _copy(self, message: Inbound, reason: str, stacktrace: str) -> Outbound:
        return dead_letter(message, queue=self._home, reason=reason, stacktrace=stacktrace)

    @property
    def _home(self) -> QueueSpec:
        return self.home or self.queue

    def _fields(self, action: str) -> dict[str, object]:
        return {"action": action, "queue": self.queue.name}
