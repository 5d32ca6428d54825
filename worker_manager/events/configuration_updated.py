"""That worker types or workflows of a tenant were changed: `WorkerConfUpdatedEvent`, among managers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from workers.contract import bodies
from workers.contract import headers as names


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationUpdated:
    """The configuration of a tenant is another now; it does not say what changed."""

    tenant: str

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], body: bytes) -> Self:
        """Read the event.

        Raises:
            MalformedMessage: the tenant is missing, or the body is no JSON object.
        """
        bodies.load_object(body)
        return cls(tenant=names.required_text(headers, names.TENANT))

    def to_message(self) -> Outbound:
        """Write the event."""
        headers = {
            names.TENANT: self.tenant,
            names.CONVERTER: topology.CONVERTER,
            names.TYPE: topology.CONFIGURATION_EVENT,
        }
        return Outbound(
            exchange=topology.CONFIGURATION_EXCHANGE, headers=headers, body=bodies.dump_object({})
        )
