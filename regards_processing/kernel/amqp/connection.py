"""How to reach the broker, and how its errors look to everybody else."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import amqp
import kombu
from amqp.exceptions import AccessRefused, AMQPError, NotAllowed, NotFound, PreconditionFailed, ResourceLocked
from django.conf import settings
from kombu.exceptions import KombuError, OperationalError

from regards_processing.kernel.amqp.errors import (
    BrokerUnavailable,
    LoginRefused,
    TopologyConflict,
    VirtualHostMissing,
)
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.topology import BindingSpec, Topology, conditions, delayed_topology
from workers.transport import rabbitmq
from workers.transport.embedded import EmbeddedChannel, EmbeddedTransport, transport_options

log = logging.getLogger(__name__)

#: "The broker is down": the work is kept and tried again later.
BROKER_ERRORS: Final[tuple[type[Exception], ...]] = (
    BrokerUnavailable,
    amqp.exceptions.ConnectionError,
    OperationalError,
    ConnectionError,
)

#: Seconds to wait for a connection.
CONNECT_TIMEOUT: Final = 5
#: Seconds that one read or write may take before the connection counts as lost.
SOCKET_TIMEOUT: Final = 30.0

#: Addresses whose broker was asked for the delayed-message plug-in, with its answer.
_delayed: Final[dict[str, bool]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where the broker is."""

    #: ``amqp://`` or ``amqps://`` address; empty for the embedded broker.
    url: str = ""
    #: Folder of the embedded broker.
    folder: Path = Path("broker")

    @property
    def embedded(self) -> bool:
        """Return whether the broker is the embedded one; only this package may ask."""
        return not self.url

    @property
    def virtual_host(self) -> str:
        """Return the virtual host; the embedded broker has none."""
        return unquote(urlsplit(self.url).path[1:]) or "/"

    @property
    def user(self) -> str:
        """Return who logs in; the embedded broker asks nobody."""
        return unquote(urlsplit(self.url).username or "guest")

    def at(self, virtual_host: str) -> Self:
        """Return another virtual host of the same broker."""
        parts, path = urlsplit(self.url), f"/{quote(virtual_host, safe='')}"
        return replace(self, url=urlunsplit((parts.scheme, parts.netloc, path, parts.query, parts.fragment)))

    def __str__(self) -> str:
        """Name the broker without its password."""
        if self.embedded:
            return str(self.folder)
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port or ''}{parts.path}"


def address_from_settings() -> BrokerAddress:
    """Return the broker that the settings name."""
    return BrokerAddress(url=settings.BROKER_URL, folder=settings.BROKER_FOLDER)


def limits_from_settings() -> BulkLimits:
    """Return how much is read at a time."""
    return BulkLimits(messages=settings.BULK_SIZE, body_bytes=settings.BULK_MAX_BYTES)


def instance_address_from_settings() -> BrokerAddress:
    """Return the virtual host of the instance, as the settings name it."""
    return BrokerAddress(url=settings.INSTANCE_BROKER_URL)


@contextmanager
def broker_errors(address: BrokerAddress) -> Iterator[None]:
    """Turn errors of the driver into ours.

    Raises:
        BrokerUnavailable: the broker cannot be reached, or the connection was lost.
    """
    try:
        yield
    except (AMQPError, KombuError, OSError) as error:
        # kombu's own errors may say nothing but the driver's that caused them.
        why = error.__cause__ or error
        raise BrokerUnavailable(f"The broker {address} is not available: {why!r}") from error


def open_connection(*, address: BrokerAddress, heartbeat: int = 0) -> kombu.Connection:
    """Connect to the broker.

    Args:
        heartbeat: seconds between signs of life; 0 when nobody would be there to send them.

    Raises:
        VirtualHostMissing, LoginRefused: it does not let us in.
        BrokerUnavailable: it cannot be reached.
    """
    connection = _embedded(address) if address.embedded else _amqp(address, heartbeat)
    with _refusals(address), broker_errors(address):
        connection.ensure_connection(
            max_retries=1, interval_start=0, interval_step=0, interval_max=0, timeout=2 * CONNECT_TIMEOUT
        )
    return connection


@contextmanager
def open_channel_at(address: BrokerAddress) -> Iterator[Any]:
    """Give a channel over a connection of its own while the block lasts.

    Raises:
        BrokerUnavailable: the broker cannot be reached, or the connection was lost.
    """
    with broker_errors(address):
        connection = open_connection(address=address)
        try:
            yield connection.channel()
        finally:
            connection.collect()


def declare(channel: Any, topology: Topology) -> None:
    """Declare exchanges, queues and bindings; what exists stays as it is.

    Raises:
        TopologyConflict: one exists with another type or other arguments, or is not for us to declare.
    """
    try:
        for exchange in topology.exchanges:
            channel.exchange_declare(
                exchange=exchange.name,
                type=exchange.type,
                durable=True,
                auto_delete=False,
                arguments=dict(exchange.arguments) or None,
            )
        for queue in topology.queues:
            channel.queue_declare(
                queue=queue.name, durable=True, auto_delete=queue.auto_delete, arguments=queue.arguments
            )
        for binding in applicable(channel, topology.bindings):
            bind(channel, binding)
        for origin, destination in topology.links:
            channel.exchange_bind(destination, origin)
    except PreconditionFailed as error:
        raise TopologyConflict(
            "The broker has an exchange or a queue of this name with another definition. Move its messages, "
            f"delete it, and it is declared again as the contract says. The broker says: {error.reply_text}"
        ) from error
    except (AccessRefused, ResourceLocked) as error:
        raise TopologyConflict(
            f"The broker does not let us declare an exchange or a queue. It says: {error.reply_text}"
        ) from error


def applicable(channel: Any, bindings: Sequence[BindingSpec]) -> list[BindingSpec]:
    """Leave out routes that are none, as the broker is now."""
    there = {name for name in conditions(bindings) if exchange_exists(channel, name)}
    return [each for each in bindings if each.applies(there)]


def bind(channel: Any, binding: BindingSpec) -> None:
    """Declare a route."""
    channel.queue_bind(
        binding.queue, binding.exchange, binding.routing_key, arguments=_matched(binding.headers)
    )


def unbind(channel: Any, binding: BindingSpec) -> None:
    """Take a route away, if it is there."""
    channel.queue_unbind(
        binding.queue, binding.exchange, binding.routing_key, arguments=_matched(binding.headers)
    )


def _matched(headers: Mapping[str, str]) -> dict[str, str] | None:
    return {"x-match": "all", **headers} if headers else None


def exchange_exists(channel: Any, name: str) -> bool:
    """Ask whether there is an exchange of a name, over a channel of its own: to miss it ends a channel."""
    if isinstance(channel, EmbeddedChannel):
        return channel.knows(name)
    asking = channel.connection.channel()
    try:
        asking.exchange_declare(name, "headers", passive=True)
    except NotFound:
        return False
    finally:
        asking.close()
    return True


def supported_extras(address: BrokerAddress) -> Topology:
    """Return the delayed re-delivery when the broker has the plug-in for it, else nothing.

    A broker without it closes the connection that asks, so a connection of its own asks, once per process.
    """
    if address.embedded:
        return Topology()
    if address.url not in _delayed:
        _delayed[address.url] = _has_delayed_exchanges(address)
        if not _delayed[address.url]:
            log.warning(
                "the broker has no delayed-message plug-in: the exchange regards.retry is not declared",
                extra={"action": "broker.no_delayed_exchange", "broker": str(address)},
            )
    return delayed_topology() if _delayed[address.url] else Topology()


def _has_delayed_exchanges(address: BrokerAddress) -> bool:
    connection = open_connection(address=address)
    try:
        declare(connection.channel(), Topology(exchanges=delayed_topology().exchanges))
    except amqp.exceptions.ConnectionError:
        return False
    finally:
        connection.collect()
    return True


def _amqp(address: BrokerAddress, heartbeat: int) -> kombu.Connection:
    secure = address.url.startswith("amqps:")
    return kombu.Connection(
        address.url,
        heartbeat=heartbeat,
        connect_timeout=CONNECT_TIMEOUT,
        # Without a name the certificate would be checked but not whose it is; None stands for the address.
        ssl={"server_hostname": None} if secure else False,
        transport_options=rabbitmq.transport_options(),
    )


@contextmanager
def _refusals(address: BrokerAddress) -> Iterator[None]:
    """Tell the ways apart in which a broker does not let us in."""
    try:
        yield
    except BrokerUnavailable as error:
        for cause in _causes(error):
            if isinstance(cause, NotAllowed):
                raise VirtualHostMissing(_refusal(address, cause)) from error
            if isinstance(cause, AccessRefused):
                raise LoginRefused(_refusal(address, cause)) from error
        raise


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _refusal(address: BrokerAddress, cause: AMQPError) -> str:
    return f"The broker {address} does not let us in: {cause.reply_text}"


def _embedded(address: BrokerAddress) -> kombu.Connection:
    return kombu.Connection(transport=EmbeddedTransport, transport_options=transport_options(address.folder))
