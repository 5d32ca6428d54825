"""What a bridge leaves where the platform works, taken away when tenants are to have no virtual hosts."""

import logging
from collections.abc import Collection

from regards_processing.kernel.amqp.connection import BrokerAddress, open_channel_at
from regards_processing.kernel.amqp.inspectors import inspecting
from regards_processing.kernel.amqp.topology import BRIDGE_EXCHANGE
from regards_processing.kernel.bridge.hosts import TenantHost
from regards_processing.kernel.errors import DomainError

log = logging.getLogger(__name__)


class BridgeInUse(DomainError):
    """A bridge runs, or messages wait that it has not passed on."""

    code = "BRIDGE_IN_USE"
    http_status = 409


def take_down(*, address: BrokerAddress, hosts: Collection[TenantHost], drop_waiting: bool) -> int:
    """Let nothing be sent to virtual hosts of tenants any more; return how many messages were dropped.

    The virtual hosts stay, with what is in them. May be called again.

    Raises:
        BridgeInUse: a bridge runs; or messages wait, and are not to be dropped. Nothing was changed.
        BrokerUnavailable: the connection was lost; call again.
    """
    waiting = _waiting(address, hosts)
    if waiting and not drop_waiting:
        raise BridgeInUse(f"{waiting} messages wait for virtual hosts: run the bridge, or say --drop-waiting")
    with open_channel_at(address) as channel:
        channel.exchange_delete(BRIDGE_EXCHANGE)
        for host in hosts:
            channel.queue_delete(host.departures.name)
    log.info("bridge taken down", extra={"action": "bridge.taken_down", "dropped": waiting})
    return waiting


def _waiting(address: BrokerAddress, hosts: Collection[TenantHost]) -> int:
    waiting = 0
    with inspecting(address) as inspector:
        for host in hosts:
            facts = inspector.queue(host.departures)
            if facts is not None and facts.consumers:
                raise BridgeInUse(f"{facts.consumers} bridges serve the virtual host {host.name}: stop them")
            waiting += facts.messages if facts is not None else 0
    return waiting
