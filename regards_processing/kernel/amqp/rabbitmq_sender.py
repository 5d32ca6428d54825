"""Publishing to RabbitMQ: a bulk in one go, one wait for all its confirms."""

import re
import time
from collections.abc import Iterator, MutableMapping
from typing import Any, Final

from amqp.exceptions import AccessRefused, NotFound, PreconditionFailed

from regards_processing.kernel.amqp.connection import BrokerAddress, broker_errors, declare, open_connection
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import PublishersBlocked, PublishNotConfirmed, TopologyConflict
from regards_processing.kernel.amqp.ports import Shortfall
from regards_processing.kernel.amqp.rabbitmq import Frames, open_channel
from regards_processing.kernel.amqp.topology import Topology
from workers.transport.frames import PublishEncoder, Unencodable

#: Bytes that are written at once. Confirms are read in between, so that neither side waits for the other.
_PIECE: Final = 128 * 1024
_MISSING: Final = re.compile(r"no exchange '(.*?)' in vhost")
_FORBIDDEN: Final = re.compile(r"exchange '(.*?)' in vhost")
#: How the broker calls the exchange without a name.
_NAMELESS: Final = "amq.default"
_TOO_LARGE: Final = re.compile(r"larger than configured max size (\d+)")
#: What ends a channel because of a message.
_Closing = AccessRefused | NotFound | PreconditionFailed
_BLOCKED: Final = "The broker blocks publishers (memory or disk alarm)"
_CLOSING: Final = (AccessRefused, NotFound, PreconditionFailed)


class RabbitSender:
    """Publishes on one channel in confirm mode."""

    def __init__(self, *, address: BrokerAddress, app_id: str, confirm_timeout: float) -> None:
        self._address = address
        self._app_id = app_id
        self._confirm_timeout = confirm_timeout
        self._blocked = False
        self._frames = Frames(open_connection(address=address))
        with broker_errors(address), self._frames.closed_on_error():
            self._frames.driver.on_blocked = self._on_blocked
            self._frames.driver.on_unblocked = self._on_unblocked
            self._channel: Any = open_channel(self._frames)
            self._channel.events["basic_ack"].add(self._on_ack)
            self._channel.events["basic_nack"].add(self._on_nack)
            self._channel.events["basic_return"].add(self._on_return)
            self._start_confirms()

    def declare(self, topology: Topology) -> None:
        """Declare what is missing."""
        with broker_errors(self._address):
            self._check_open()
            try:
                declare(self._channel, topology)
            except TopologyConflict:
                # The driver has opened the channel again, as a new one.
                self._start_confirms()
                raise

    def begin(self, bulk: MutableMapping[int, Outbound], refused: MutableMapping[int, str]) -> None:
        """Write a bulk; the broker's word is read by `finish`."""
        with broker_errors(self._address):
            self._check_open()
        # What the broker still says of an earlier bulk concerns nobody any more.
        self._awaited.clear()
        self._bulk, self._refused = bulk, refused
        self._unroutable, self._given_back = set[int](), set[int]()
        self._closed_by: _Closing | None = None
        with broker_errors(self._address):
            try:
                self._write_all()
            except _CLOSING as error:
                self._closed_by = error

    def finished(self) -> bool:
        """Return whether the broker has said all it will say of the bulk that was begun."""
        with broker_errors(self._address):
            try:
                self._frames.handle_waiting()
            except _CLOSING as error:
                self._closed_by = error
        return self._closed_by is not None or not self._awaited

    def finish(self) -> Shortfall:
        """Wait until the broker has the bulk that was begun."""
        missing: str | None = None
        forbidden: tuple[str, str] | None = None
        with broker_errors(self._address):
            try:
                if self._closed_by is not None:
                    raise self._closed_by
                self._wait_for_confirms()
            except NotFound as error:
                missing = _found(_MISSING, error)
            except AccessRefused as error:
                forbidden = self._forbidden(error)
            except PreconditionFailed as error:
                self._refuse_larger_than(int(_found(_TOO_LARGE, error)), error)
            if missing is not None or forbidden is not None or self._awaited:
                # The driver has opened the channel again, as a new one.
                self._start_confirms()
        return Shortfall(
            unroutable=frozenset(self._unroutable),
            given_back=frozenset(self._given_back),
            missing_exchange=missing,
            forbidden_exchange=forbidden,
        )

    def close(self) -> None:
        """Close the connection."""
        self._frames.close()

    def _check_open(self) -> None:
        """Read what the broker says of itself; a connection that was lost is noticed here as well."""
        self._frames.handle_waiting()
        if self._blocked:
            raise PublishersBlocked(_BLOCKED)

    def _start_confirms(self) -> None:
        self._channel.confirm_select()
        #: Position in the bulk by delivery number, of what is not confirmed yet; oldest first.
        self._awaited: dict[int, int] = {}
        self._number = 0

    def _write_all(self) -> None:
        piece: list[bytes] = []
        size = 0
        for frames in self._encoded():
            piece += frames
            size += sum(map(len, frames))
            if size >= _PIECE:
                self._frames.write(b"".join(piece))
                piece, size = [], 0
                self._check_open()
        self._frames.write(b"".join(piece))

    def _encoded(self) -> Iterator[list[bytes]]:
        driver = self._frames.driver
        encoder = PublishEncoder(
            channel_id=self._channel.channel_id, frame_max=driver.frame_max, app_id=self._app_id
        )
        timestamp = int(time.time())
        for position, message in list(self._bulk.items()):
            try:
                frames = encoder.encode(message, timestamp=timestamp)
            except Unencodable as error:
                self._refuse(position, str(error))
                continue
            self._number += 1
            self._awaited[self._number] = position
            yield frames

    def _wait_for_confirms(self) -> None:
        deadline = time.monotonic() + self._confirm_timeout
        while self._awaited:
            left = deadline - time.monotonic()
            if left <= 0 or not self._frames.handle_next(left):
                if self._blocked:
                    raise PublishersBlocked(_BLOCKED)
                count = len(self._awaited)
                raise PublishNotConfirmed(
                    f"{count} messages after {self._confirm_timeout} s: no confirmation"
                )

    def _settle(self, number: int, *, multiple: bool) -> Iterator[int]:
        if not multiple:
            if number in self._awaited:
                yield self._awaited.pop(number)
            return
        while self._awaited and (oldest := next(iter(self._awaited))) <= number:
            yield self._awaited.pop(oldest)

    def _on_ack(self, number: int, multiple: bool) -> None:  # noqa: FBT001 (called by the driver)
        for position in self._settle(number, multiple=multiple):
            # A returned message is confirmed too; it stays in the bulk.
            if position not in self._unroutable:
                self._bulk.pop(position, None)

    def _on_nack(self, number: int, multiple: bool) -> None:  # noqa: FBT001 (called by the driver)
        self._given_back.update(self._settle(number, multiple=multiple))

    def _on_return(self, _error: Exception, exchange: str, routing_key: str, returned: Any) -> None:
        body, message_id = returned.body or b"", returned.properties.get("message_id")
        for position in self._awaited.values():
            message = self._bulk[position]
            if (
                position not in self._unroutable
                and (message.exchange, message.routing_key) == (exchange, routing_key)
                and (message.body, message.message_id) == (body, message_id)
            ):
                self._unroutable.add(position)
                return

    def _refuse(self, position: int, reason: str) -> None:
        self._refused[position] = reason
        del self._bulk[position]

    def _forbidden(self, error: AccessRefused) -> tuple[str, str]:
        name = _found(_FORBIDDEN, error)
        exchange = "" if name == _NAMELESS else name
        if all(message.exchange != exchange for message in self._bulk.values()):
            raise error
        return exchange, f"The broker says: {error.reply_text}"

    def _refuse_larger_than(self, limit: int, error: PreconditionFailed) -> None:
        too_large = [at for at, message in self._bulk.items() if len(message.body) > limit]
        if not too_large:
            raise error
        for position in too_large:
            self._refuse(position, f"The broker says: {error.reply_text}")

    def _on_blocked(self, _reason: str) -> None:
        self._blocked = True

    def _on_unblocked(self) -> None:
        self._blocked = False


def _found(pattern: re.Pattern[str], error: _Closing) -> str:
    match = pattern.search(error.reply_text or "")
    if match is None:
        raise error
    return match.group(1)
