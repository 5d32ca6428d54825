"""In which queues requests of clients wait: all in one, as the contract has it, or each tenant's in its own.

In one queue, whoever comes after a flood waits until the flood was read. With queues of their own, tenants do
not wait for each other. Clients see no difference: they publish to the same exchange.

Note: who knows.
    The broker itself says how it is: requests are sorted by tenant where an exchange sorts them. Every
    process asks when it connects, before it would route requests to the queue of all, so there is no setting
    that one of them could lack. What is of no tenant with a queue goes on to the queue of all. Which queues
    managers read, the tenants' rows say.

Note: nothing is lost, and nothing comes twice.
    A message reaches a queue once, however many routes lead there. So the sorting exchange comes first, with
    no queue of a tenant behind it: all it gets goes to the queue of all, beside the route that leads there as
    ever, which is then taken away. Managers bind the queues of tenants later, one by one, and a message is in
    one queue or in the other. The way back is the same in reverse.
"""

import logging
import time
from collections.abc import Iterable
from typing import Any, Final

from amqp.exceptions import NotFound

from regards_processing.kernel.amqp.connection import (
    BrokerAddress,
    bind,
    declare,
    exchange_exists,
    open_channel_at,
    unbind,
)
from regards_processing.kernel.amqp.relocation import OnMoved, QueueInUse, empty
from regards_processing.kernel.amqp.topology import (
    REQUEST_EXCHANGE,
    REQUEST_QUEUE,
    SORTED_REQUESTS,
    UNSORTED_REQUESTS,
    BindingSpec,
    is_possible,
    requests,
    requests_of,
    shared_topology,
    sorted_topology,
    sorting_topology,
)
from regards_processing.kernel.errors import DomainError

log = logging.getLogger(__name__)

#: Seconds in which a process that asked before it connected has bound what it binds.
_SETTLE: Final = 1.0
#: Seconds within which managers see that a queue is read no more, and between two looks whether they did.
_LEAVE: Final = 30.0
_LOOK: Final = 0.5
_TOGETHER: Final = BindingSpec(queue=REQUEST_QUEUE, exchange=REQUEST_EXCHANGE)
_PASSED_ON: Final = BindingSpec(queue=REQUEST_QUEUE, exchange=UNSORTED_REQUESTS)


class SortingUnavailable(DomainError):
    """The embedded broker has no exchanges that sort."""

    code = "SORTING_UNAVAILABLE"


def are_sorted(*, address: BrokerAddress) -> bool:
    """Return whether requests are sorted by tenant.

    Raises:
        BrokerUnavailable: the broker cannot be asked.
    """
    with open_channel_at(address) as channel:
        return exchange_exists(channel, SORTED_REQUESTS)


def sort_by_tenant(*, address: BrokerAddress) -> None:
    """Have requests sorted by tenant; queues of tenants are made by who reads them.

    May be called again: it mends what was interrupted.

    Raises:
        SortingUnavailable: the broker is the embedded one.
        BrokerUnavailable: the connection was lost; call again.
    """
    if address.embedded:
        raise SortingUnavailable("Queues of tenants need RabbitMQ: set BROKER_URL")
    with open_channel_at(address) as channel:
        declare(channel, shared_topology())
        declare(channel, sorting_topology())
        bind(channel, _PASSED_ON)
        channel.exchange_bind(SORTED_REQUESTS, REQUEST_EXCHANGE)
        unbind(channel, _TOGETHER)
        # Whoever asked before has bound the queue by then.
        time.sleep(_SETTLE)
        unbind(channel, _TOGETHER)
    log.info("requests are sorted by tenant", extra={"action": "requests.sorted", "broker": str(address)})


def keep_together(*, address: BrokerAddress, tenants: Iterable[str], on_moved: OnMoved) -> None:
    """Have requests wait in one queue again; what waits in queues of tenants is moved there.

    Nobody may begin to read those any more. May be called again: it finishes what was interrupted.

    Args:
        tenants: all there are, active or not.
        on_moved: hears how many requests have just been moved.

    Raises:
        QueueInUse: a manager still reads the queue of a tenant.
        BrokerUnavailable: the connection was lost; call again.
    """
    if address.embedded:
        return
    with open_channel_at(address) as channel:
        left = [tenant for tenant in tenants if _has_queue(channel, tenant)]
        for tenant in left:
            unbind(channel, sorted_topology(tenant).bindings[0])
        declare(channel, shared_topology())
        bind(channel, _TOGETHER)
        channel.exchange_delete(SORTED_REQUESTS)
        channel.exchange_delete(UNSORTED_REQUESTS)
        for tenant in left:
            _await_leave(channel, tenant)
            empty(address, channel, requests_of(tenant), into=requests(), on_moved=on_moved)
    log.info("requests are kept together", extra={"action": "requests.together", "broker": str(address)})


def _has_queue(channel: Any, tenant: str) -> bool:
    return is_possible(requests_of(tenant)) and _counted(channel, tenant) is not None


def _counted(channel: Any, tenant: str) -> Any:
    """Return what the broker counts of a tenant's queue; ``None`` when there is none."""
    try:
        return channel.queue_declare(requests_of(tenant).name, passive=True)
    except NotFound:
        # The driver has opened the channel again.
        return None


def _await_leave(channel: Any, tenant: str) -> None:
    deadline = time.monotonic() + _LEAVE
    while (counted := _counted(channel, tenant)) is not None and counted.consumer_count:
        if time.monotonic() > deadline:
            raise QueueInUse(f"{counted.consumer_count} managers read the requests of {tenant}: try again")
        time.sleep(_LOOK)
