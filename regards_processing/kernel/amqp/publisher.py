"""The one door through which the platform publishes."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from django.conf import settings

from regards_processing.kernel.amqp.connection import (
    BrokerAddress,
    address_from_settings,
    instance_address_from_settings,
)
from regards_processing.kernel.amqp.embedded import EmbeddedSender
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import (
    BrokerUnavailable,
    MessagesHeld,
    MessagesRefused,
    PublishersBlocked,
    PublishNotConfirmed,
    TopologyConflict,
)
from regards_processing.kernel.amqp.ports import Sender, Shortfall
from regards_processing.kernel.amqp.rabbitmq_sender import RabbitSender
from regards_processing.kernel.amqp.topology import (
    Topology,
    instance_topology,
    is_possible,
    shared_topology,
    worker_topology,
)

log = logging.getLogger(__name__)

#: Largest body that is sent, in bytes: RabbitMQ's own limit unless it is configured lower.
MAX_BODY_BYTES: Final = 128 * 1024**2
#: Seconds to wait for the confirms of a bulk.
CONFIRM_TIMEOUT: Final = 30.0
#: Seconds before it is tried again to declare what could not be declared, or to publish where we may not.
_TRIED_AGAIN: Final = 5.0
#: Seconds without an obstacle after which it is told anew.
_TOLD_AGAIN: Final = 60.0

#: Hears what became of messages: ``None`` when the broker has them all, else what went wrong.
Done = Callable[[BrokerUnavailable | MessagesRefused | None], None]


@dataclass(slots=True)
class _Bulk:
    """A bulk, by the positions of its messages."""

    #: What the broker does not have yet.
    left: dict[int, Outbound]
    #: What can never be sent, and what cannot be sent until an operator has mended a queue.
    refused: dict[int, str] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)

    def take_out(self, of: Callable[[Outbound], bool], why: str, *, into: dict[int, str]) -> None:
        """Do not send such messages."""
        for position in [at for at, message in self.left.items() if of(message)]:
            del self.left[position]
            into[position] = why

    def error(self) -> MessagesHeld | MessagesRefused | None:
        """Return what has to be said of a bulk of which nothing is left."""
        if self.held:
            return MessagesHeld(self.held, self.refused)
        return MessagesRefused(self.refused) if self.refused else None


@dataclass(frozen=True, slots=True)
class _Posted:
    """A bulk on its way."""

    bulk: _Bulk
    done: Done


@dataclass(frozen=True, slots=True)
class _Conflict:
    """Why something cannot be declared or published, and until when nobody tries again."""

    reason: str
    until: float


class MessagePublisher(Protocol):
    """What publishes messages."""

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        """Publish messages; return when the broker has them all.

        Raises:
            BrokerUnavailable: the broker is away; any of the messages may or may not have left.
            MessagesHeld: some cannot leave now; others were sent or refused.
            MessagesRefused: some can never be sent; all others were.
        """

    def settle(self, *, wait: bool = False) -> None:
        """Look whether the broker has said what became of messages on their way."""


class Publisher:
    """Publishes bulks, confirmed, over a connection that it opens when needed; safe to share among threads.

    A message may leave twice when a connection breaks; none is lost without an error.
    """

    def __init__(
        self,
        *,
        address: BrokerAddress,
        app_id: str = "REGARDS",
        max_body_bytes: int = MAX_BODY_BYTES,
        confirm_timeout: float = CONFIRM_TIMEOUT,
        topology: Topology | None = None,
    ) -> None:
        """Prepare a publisher; it declares ``topology``, by default the shared one, at each connection."""
        self._address = address
        self._app_id = app_id
        self._max_body_bytes = max_body_bytes
        self._confirm_timeout = confirm_timeout
        self._topology = shared_topology() if topology is None else topology
        self._lock = threading.Lock()
        self._sender: Sender | None = None
        self._declared: set[str] = set()
        #: By worker type, and by exchange.
        self._conflicts: dict[str, _Conflict] = {}
        self._forbidden: dict[str, _Conflict] = {}
        #: When each obstacle was met last, by what is told of it.
        self._met: dict[str, float] = {}
        self._posted: _Posted | None = None

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        """Publish messages; return when the broker has them all.

        Raises:
            BrokerUnavailable: the broker is away; any of the messages may or may not have left.
            MessagesHeld: some cannot leave now; others were sent or refused.
            MessagesRefused: some can never be sent; all others were.
        """
        bulk = self._sorted(messages)
        with self._lock:
            self._settle()
            self._publish(bulk, begun=False)
        error = bulk.error()
        if error is not None:
            raise error

    def publish_soon(self, messages: Sequence[Outbound], *, done: Done) -> None:
        """Write messages and return; ``done`` hears later, from `settle` or the next publication.

        It is called with ``None`` when the broker has them all, else with what `publish_all` would raise.
        One bulk at a time is on its way: the next one first waits for the broker's word on this one.
        """
        bulk = self._sorted(messages)
        with self._lock:
            self._settle()
            try:
                self._begin(bulk)
            except BrokerUnavailable as error:
                self._drop_after(error)
                done(error)
                return
            self._posted = _Posted(bulk, done)

    def settle(self, *, wait: bool = False) -> None:
        """Tell what became of the bulk on its way, if there is one; without ``wait`` only if it is known."""
        with self._lock:
            if self._posted is not None and (wait or self._is_known()):
                self._settle()

    def close(self) -> None:
        """Give the connection back; the next message opens another one."""
        with self._lock:
            self._settle()
            self._drop()

    def _sorted(self, messages: Sequence[Outbound]) -> _Bulk:
        bulk = _Bulk(dict(enumerate(messages)))
        limit = self._max_body_bytes
        for position in [at for at, message in bulk.left.items() if len(message.body) > limit]:
            size = len(bulk.left.pop(position).body)
            bulk.refused[position] = f"The body is limited to {limit} bytes, got {size}"
        return bulk

    def _is_known(self) -> bool:
        try:
            return self._connected().finished()
        except BrokerUnavailable:
            return True

    def _settle(self) -> None:
        posted, self._posted = self._posted, None
        if posted is None:
            return
        try:
            self._publish(posted.bulk, begun=True)
        except BrokerUnavailable as error:
            posted.done(error)
        else:
            posted.done(posted.bulk.error())

    def _publish(self, bulk: _Bulk, *, begun: bool) -> None:
        """Send until nothing is left; each round sends, declares, holds or refuses something, so it ends."""
        may_reconnect = self._sender is not None
        declared_again = False
        while bulk.left:
            try:
                if not begun:
                    self._begin(bulk)
                begun = False
                shortfall = self._connected().finish()
                self._hold(bulk, shortfall)
                if bulk.left and not declared_again and _is_topology(shortfall):
                    self._declare_again(bulk)
                    declared_again = True
                    continue
            except PublishNotConfirmed as error:
                self._drop_after(error)
                raise
            except BrokerUnavailable:
                self._drop()
                if not may_reconnect:
                    raise
                may_reconnect = begun = False
                continue
            _refuse_unroutable(bulk, shortfall)

    def _hold(self, bulk: _Bulk, shortfall: Shortfall) -> None:
        """Keep what the broker does not take now; it is no reason to send the neighbours again."""
        for position in shortfall.given_back & bulk.left.keys():
            message = bulk.left.pop(position)
            why = (
                f"The broker gives back what is for {message.exchange!r} with key {message.routing_key!r}: "
                "a queue is full and refuses more, or has failed"
            )
            bulk.held[position] = why
            self._tell(message.exchange, why)
        if shortfall.forbidden_exchange is not None:
            exchange, why = shortfall.forbidden_exchange
            # For a while without asking: the answer ends the channel, and what was on it is sent again.
            self._forbidden[exchange] = _Conflict(why, time.monotonic() + _TRIED_AGAIN)
            self._tell(exchange, why)
            self._hold_forbidden(bulk)

    def _hold_forbidden(self, bulk: _Bulk) -> None:
        for exchange, conflict in list(self._forbidden.items()):
            if time.monotonic() < conflict.until:
                bulk.take_out(partial(_is_to, exchange), conflict.reason, into=bulk.held)
            else:
                del self._forbidden[exchange]

    def _tell(self, exchange: str, why: str) -> None:
        """Tell operators of an obstacle, once for as long as it stays in the way."""
        now = time.monotonic()
        if now - self._met.get(why, -_TOLD_AGAIN) >= _TOLD_AGAIN:
            told = {"action": "exchange.obstructed", "exchange": exchange, "reason": why}
            log.error("the broker does not take messages, they wait", extra=told)
        self._met[why] = now

    def _begin(self, bulk: _Bulk) -> None:
        self._hold_forbidden(bulk)
        self._declare_types(bulk)
        self._connected().begin(bulk.left, bulk.refused)

    def _declare_types(self, bulk: _Bulk) -> None:
        """Declare what worker types need; messages to one that cannot have its queues do not stop others."""
        for worker_type in sorted(_worker_types(bulk.left.values()) - self._declared):
            if not all(map(is_possible, worker_topology(worker_type).queues)):
                why = f"The name of the queue of worker type {worker_type} is too long"
                bulk.take_out(partial(_is_of, worker_type), why, into=bulk.refused)
            elif (conflict := self._conflict(worker_type)) is not None:
                bulk.take_out(partial(_is_of, worker_type), conflict.reason, into=bulk.held)
            else:
                self._declared.add(worker_type)

    def _conflict(self, worker_type: str) -> _Conflict | None:
        """Declare the queues of a worker type; return why that is not possible."""
        known = self._conflicts.get(worker_type)
        if known is not None and time.monotonic() < known.until:
            return known
        try:
            self._connected().declare(worker_topology(worker_type))
        except TopologyConflict as error:
            conflict = _Conflict(str(error), time.monotonic() + _TRIED_AGAIN)
            self._conflicts[worker_type] = conflict
            if known is None:
                told = {"action": "worker_type.conflict", "worker_type": worker_type, "reason": str(error)}
                log.error("queues of a worker type cannot be declared, its messages wait", extra=told)  # noqa: TRY400 (no defect)
            return conflict
        self._conflicts.pop(worker_type, None)
        return None

    def _connected(self) -> Sender:
        if self._sender is None:
            self._sender = self._open()
            self._sender.declare(self._topology)
        return self._sender

    def _open(self) -> Sender:
        if self._address.embedded:
            return EmbeddedSender(address=self._address, app_id=self._app_id)
        return RabbitSender(address=self._address, app_id=self._app_id, confirm_timeout=self._confirm_timeout)

    def _declare_again(self, bulk: _Bulk) -> None:
        log.warning(
            "exchanges or queues have vanished, declaring them again", extra={"action": "broker.redeclare"}
        )
        self._connected().declare(self._topology)
        self._declared -= _worker_types(bulk.left.values())
        self._declare_types(bulk)

    def _drop_after(self, error: BrokerUnavailable) -> None:
        """Give a connection up, unless it is the one that tells when the broker takes messages again."""
        if not isinstance(error, PublishersBlocked):
            self._drop()

    def _drop(self) -> None:
        self._declared.clear()
        if self._sender is not None:
            self._sender.close()
            self._sender = None


class _PerProcess:
    """The publisher of the process. A fork starts without one: two processes cannot share a connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._publisher: Publisher | None = None
        self._inherited: list[Publisher] = []

    def get(self, open_publisher: Callable[[], Publisher]) -> Publisher:
        with self._lock:
            if self._publisher is None:
                self._publisher = open_publisher()
            return self._publisher

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        if self._publisher is not None:
            # Closing it would end the parent's connection too.
            self._inherited.append(self._publisher)
        self._publisher = None


_process: Final = _PerProcess()
_of_instance: Final = _PerProcess()
for _each in (_process, _of_instance):
    os.register_at_fork(after_in_child=_each.after_fork)


def publisher() -> Publisher:
    """Return the publisher of this process, for the broker that the settings name."""
    return _process.get(_from_settings)


def instance_publisher() -> Publisher:
    """Return what publishes to the virtual host of the instance."""
    return _of_instance.get(_instance_from_settings)


def _instance_from_settings() -> Publisher:
    return Publisher(
        address=instance_address_from_settings(),
        app_id=settings.AMQP_APP_ID,
        topology=instance_topology(),
    )


def _from_settings() -> Publisher:
    return Publisher(address=address_from_settings(), app_id=settings.AMQP_APP_ID)


def _worker_types(messages: Iterable[Outbound]) -> set[str]:
    return {message.worker_type for message in messages if message.worker_type is not None}


def _is_topology(shortfall: Shortfall) -> bool:
    return bool(shortfall.unroutable) or shortfall.missing_exchange is not None


def _is_of(worker_type: str, message: Outbound) -> bool:
    return message.worker_type == worker_type


def _is_to(exchange: str, message: Outbound) -> bool:
    return message.exchange == exchange


def _refuse_unroutable(bulk: _Bulk, shortfall: Shortfall) -> None:
    for position in shortfall.unroutable & bulk.left.keys():
        message = bulk.left.pop(position)
        why = f"No queue takes {message.exchange!r} with key {message.routing_key!r}"
        bulk.refused[position] = why
    if (missing := shortfall.missing_exchange) is not None:
        bulk.take_out(partial(_is_to, missing), f"There is no exchange {missing!r}", into=bulk.refused)
