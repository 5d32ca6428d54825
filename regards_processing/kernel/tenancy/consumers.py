"""What REGARDS tells of tenants in the virtual host of the instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import BatchConsumer, Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.tenancy import services
from regards_processing.kernel.tenancy.names import InvalidTenantName, check_tenant_name
from workers.contract import bodies
from workers.contract.errors import MalformedMessage

_ACTOR: Final = Actor(name="instance", origin=Origin.MESSAGE)
_IS_THERE: Final = {topology.TENANT_CREATED_EXCHANGE: True, topology.TENANT_DELETED_EXCHANGE: False}


@dataclass(frozen=True, slots=True)
class TenantTold:
    """A tenant that has come, or gone."""

    name: str
    is_there: bool


class TenantConsumer(BatchConsumer[TenantTold]):
    """Reads which tenants come and go."""

    queue = topology.told_tenants()

    def decode(self, message: Inbound) -> TenantTold:
        """Read one event: its exchange says which one it is."""
        name = bodies.load_object(message.body).get("tenant")
        if not isinstance(name, str):
            raise MalformedMessage(f"tenant must be a string, got {name!r}")
        if message.exchange not in _IS_THERE:
            raise MalformedMessage(f"It came by {message.exchange!r}, which says nothing of tenants")
        try:
            check_tenant_name(name=name)
        except InvalidTenantName as error:
            raise MalformedMessage(str(error)) from error
        return TenantTold(name, _IS_THERE[message.exchange])

    def handle(self, items: Sequence[TenantTold]) -> list[Refusal]:
        """Create tenants or wake them, and put others to sleep: what was told last holds."""
        last = {told.name: told.is_there for told in items}
        services.follow(tenants=last, actor=_ACTOR, at=clock.now())
        return []


def consumers(*, instance_id: str) -> list[BatchConsumer[Any]]:  # noqa: ARG001 (of every service)
    """Return what a manager consumes in the virtual host of the instance."""
    return [TenantConsumer()]
