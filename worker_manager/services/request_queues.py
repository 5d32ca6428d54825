"""Give tenants request queues of their own, or one to all, on an operator's request."""

from datetime import datetime

from regards_processing.kernel.amqp import request_queues
from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.queries import every_tenant

_TARGET = "request queues"


def sort_by_tenant(*, actor: Actor, at: datetime) -> None:
    """Let the requests of each tenant wait in a queue of its own; the switch is in the audit trail.

    Managers see within seconds that they have to make the queues, and to read them.

    Raises:
        SortingUnavailable: the broker is the embedded one.
        BrokerUnavailable: the connection was lost; call again.
    """
    request_queues.sort_by_tenant(address=address_from_settings())
    _mark(own_request_queue=True, action="requests.sorted_by_tenant", actor=actor, at=at)


def keep_together(*, actor: Actor, at: datetime) -> int:
    """Let all requests wait in one queue; return how many were moved there. The switch is in the audit trail.

    Raises:
        QueueInUse: a manager still reads the queue of a tenant; call again.
        BrokerUnavailable: the connection was lost; call again.
    """
    _mark(own_request_queue=False, action="requests.kept_together", actor=actor, at=at)
    moved: list[int] = []
    names = [tenant.name for tenant in every_tenant()]
    request_queues.keep_together(address=address_from_settings(), tenants=names, on_moved=moved.append)
    return sum(moved)


@transaction
def _mark(*, own_request_queue: bool, action: str, actor: Actor, at: datetime) -> None:
    Tenant.objects.update(own_request_queue=own_request_queue)
    record(actor=actor, tenant=None, action=action, target=_TARGET, at=at)
