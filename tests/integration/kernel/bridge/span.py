"""A bridge between virtual hosts of the test's own."""

import threading
import time
from dataclasses import dataclass, field

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress, declare, open_channel_at
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.bridge.crossing import Crossings
from regards_processing.kernel.bridge.hosts import TenantHost, tenant_hosts
from regards_processing.kernel.bridge.services import Bridge
from tests.integration.kernel.bridge.hands import TENANTS, Hands


@dataclass(kw_only=True)
class Span:
    """A bridge that can be opened and closed, and the hands at its ends."""

    home: BrokerAddress
    namespace: str
    tenants: list[str] = field(default_factory=lambda: list(TENANTS))
    #: Worker types that somebody has configured.
    configured: list[str] = field(default_factory=lambda: ["Unzip", "lost"])
    remember_for: float = 180.0
    management_url: str = ""
    _looks: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _hands: list[Hands] = field(default_factory=list)

    def hosts(self) -> list[TenantHost]:
        return tenant_hosts(self.tenants, namespace=self.namespace, taken=[self.home.virtual_host])

    def host(self, tenant: str) -> TenantHost:
        return next(host for host in self.hosts() if tenant in host.tenants)

    def there(self, tenant: str) -> Hands:
        """Give hands in the virtual host of a tenant."""
        return self._at(self.home.at(self.host(tenant).name))

    def here(self) -> Hands:
        """Give hands where the platform works."""
        return self._at(self.home)

    def empty(self) -> None:
        """Have the platform declare what it needs, and nothing wait there."""
        with open_channel_at(self.home) as channel:
            declare(channel, topology.shared_topology() + topology.tenant_topology("Acme"))
            for queue in (*topology.shared_topology().queues, topology.session_counts("Acme")):
                channel.queue_purge(queue.name)

    def open(self) -> None:
        """Run the bridge until the test ends, or `close`."""
        crossings = Crossings(
            address=self.home, app_id="REGARDS", limits=BulkLimits(), management_url=self.management_url
        )
        bridge = Bridge(
            address=self.home,
            crossings=crossings,
            hosts=self.hosts,
            worker_types=self._worker_types,
            look_every=0.1,
            remember_for=self.remember_for,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=bridge.run, args=(self._stop,))
        self._thread.start()

    def configure(self, *worker_types: str) -> None:
        """Have these worker types and no others, and wait until the bridge has seen it."""
        self.configured = list(worker_types)
        seen, deadline = self._looks + 1, time.monotonic() + 30
        while self._looks <= seen:
            assert time.monotonic() < deadline, "the bridge does not look"
            time.sleep(0.02)

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def let_go(self) -> None:
        """Close all connections of the test."""
        while self._hands:
            self._hands.pop().close()

    def _worker_types(self) -> list[str]:
        self._looks += 1
        return self.configured

    def _at(self, address: BrokerAddress) -> Hands:
        self._hands.append(Hands(address.url))
        return self._hands[-1]
