"""The bridge: joins the virtual hosts of all tenants, as they come and go."""

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils.module_loading import import_string

from regards_processing.kernel.amqp.connection import (
    BrokerAddress,
    address_from_settings,
    declare,
    instance_address_from_settings,
    limits_from_settings,
    open_channel_at,
)
from regards_processing.kernel.amqp.errors import BrokerUnavailable, TopologyConflict
from regards_processing.kernel.amqp.side_loops import SideLoops
from regards_processing.kernel.bridge.crossing import Crossings
from regards_processing.kernel.bridge.forwarding import DispatchDepartures
from regards_processing.kernel.bridge.hosts import TenantHost, tenant_hosts
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.queries import every_tenant

log = logging.getLogger(__name__)

#: Seconds between two looks for tenants that have come or gone.
_LOOK: Final = 5.0
#: Seconds for which dispatches to a worker type are passed on after its last heartbeat.
_REMEMBERED: Final = 180.0
#: Seconds between two looks whether all loops run.
_TICK: Final = 1.0


class BridgeUnavailable(DomainError):
    """The broker has no virtual hosts, or a loop of the bridge has ended."""

    code = "BRIDGE_UNAVAILABLE"


class Bridge:
    """Keeps a passage open to the virtual host of each tenant, and one for dispatches."""

    def __init__(
        self,
        *,
        address: BrokerAddress,
        crossings: Crossings,
        hosts: Callable[[], Collection[TenantHost]],
        worker_types: Callable[[], Collection[str]],
        look_every: float = _LOOK,
        remember_for: float = _REMEMBERED,
    ) -> None:
        """Prepare the bridge.

        Args:
            address: where the platform works.
            hosts: gives the virtual hosts that are to be joined now.
            worker_types: gives those that are configured now; dispatches to no others cross.
            look_every: seconds between two calls of ``hosts`` and ``worker_types``.
            remember_for: seconds for which a worker type is followed after its last heartbeat.
        """
        self._address = address
        self._crossings = crossings
        self._hosts = hosts
        self._worker_types = worker_types
        self._look_every = look_every
        self._remember_for = remember_for
        self._lock = threading.Lock()
        self._passages: dict[TenantHost, SideLoops] = {}
        self._host_of_tenant: dict[str, TenantHost] = {}
        #: Worker types in lower case: those whose names differ by case alone share a queue. Those that are
        #: configured, and when those that are followed were last heard of over the bridge.
        self._configured: frozenset[str] = frozenset()
        self._heard: dict[str, float] = {}
        self._dispatches = crossings.of_dispatches(self._dispatch_departures)

    def run(self, stop: threading.Event) -> None:
        """Join virtual hosts until ``stop`` is set; what is in hand is finished first.

        Raises:
            BridgeUnavailable: a loop has ended by an error, which the log has.
        """
        self._dispatches.start()
        next_look = time.monotonic()
        try:
            while not stop.wait(max(0.0, min(next_look - time.monotonic(), _TICK))):
                if time.monotonic() >= next_look:
                    self._look()
                    next_look = time.monotonic() + self._look_every
                self._check()
        finally:
            self._close()

    def silent_for(self) -> float:
        """Return how long ago that loop turned that has been silent for longest, in seconds."""
        return max(passage.silent_for() for passage in self._open())

    def _look(self) -> None:
        try:
            self._configured = frozenset(map(str.lower, self._worker_types()))
            self._arrange()
        except (DatabaseError, BrokerUnavailable) as error:
            log.warning(
                "tenants are looked for later", extra={"action": "bridge.not_looked", "reason": repr(error)}
            )
            close_old_connections()

    def _arrange(self) -> None:
        """Open and close passages, as the tenants are now."""
        wanted = self._hosts()
        with self._lock:
            gone = [self._passages.pop(host) for host in self._passages.keys() - set(wanted)]
            for passage in gone:
                passage.leave()
            for passage in gone:
                passage.close()
            missing = [host for host in wanted if host not in self._passages]
            if missing:
                with open_channel_at(self._address) as channel:
                    for host in missing:
                        self._join(host, channel)
            self._host_of_tenant = {tenant: host for host in self._passages for tenant in host.tenants}

    def _join(self, host: TenantHost, channel: Any) -> None:
        fields = {"virtual_host": host.name}
        try:
            # First of all: what is sent to its tenants from now on waits for it.
            declare(channel, host.way_out)
        except TopologyConflict as error:
            told = {"action": "bridge.not_joined", **fields, "reason": str(error)}
            log.error("virtual host cannot be joined, it is tried again", extra=told)  # noqa: TRY400 (no defect)
            return
        self._passages[host] = self._crossings.between(host, heard=self._hear).start()
        log.info("virtual host joined", extra={"action": "bridge.joined", **fields})

    def _hear(self, worker_type: str) -> None:
        """Follow a worker type that is configured, or was when it was first heard of: plans outlive it.

        Anybody may send a heartbeat, and following makes queues that stay.
        """
        name = worker_type.lower()
        if name in self._configured or name in self._heard:
            self._heard[name] = time.monotonic()

    def _dispatch_departures(self) -> list[DispatchDepartures]:
        """Return the consumers of the dispatches to workers beyond the bridge."""
        oldest = time.monotonic() - self._remember_for
        for name in [name for name, at in list(self._heard.items()) if at < oldest]:
            del self._heard[name]
        return [
            DispatchDepartures(
                worker_type=worker_type, host_of=self._host_of, publisher=self._crossings.publisher
            )
            for worker_type in list(self._heard)
        ]

    def _host_of(self, tenant: str) -> TenantHost | None:
        """Return the virtual host of a tenant, which may have come since the last look."""
        if tenant not in self._host_of_tenant:
            self._arrange()
        return self._host_of_tenant.get(tenant)

    def _check(self) -> None:
        if not all(passage.alive for passage in self._open()):
            raise BridgeUnavailable("A loop of the bridge has ended")

    def _open(self) -> list[SideLoops]:
        return [self._dispatches, *list(self._passages.values())]

    def _close(self) -> None:
        open_passages = self._open()
        for passage in open_passages:
            passage.leave()
        for passage in open_passages:
            passage.close()
        self._crossings.close()


def bridge_from_settings() -> Bridge:
    """Return the bridge between the virtual host that the settings name and those of all tenants.

    Raises:
        BridgeUnavailable: the broker is the embedded one.
    """
    address = address_from_settings()
    if address.embedded:
        raise BridgeUnavailable("Virtual hosts of tenants need RabbitMQ: set BROKER_URL")
    crossings = Crossings(
        address=address,
        app_id=settings.AMQP_APP_ID,
        limits=limits_from_settings(),
        management_url=settings.BROKER_MANAGEMENT_URL,
    )
    return Bridge(
        address=address,
        crossings=crossings,
        hosts=hosts_from_settings,
        worker_types=import_string(settings.CONFIGURED_WORKER_TYPES),
    )


def hosts_from_settings() -> list[TenantHost]:
    """Return the virtual hosts of the tenants that there are."""
    others = [address_from_settings(), instance_address_from_settings()]
    return tenant_hosts(
        [tenant.name for tenant in every_tenant()],
        namespace=settings.BROKER_NAMESPACE,
        taken=[each.virtual_host for each in others],
    )
