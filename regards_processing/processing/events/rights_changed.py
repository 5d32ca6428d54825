"""What others hear when a process is made, changed or deleted: `RightsPluginConfigurationEvent`."""

from dataclasses import dataclass
from enum import StrEnum

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.processing.plugin_values import ConfiguredProcess
from workers.contract import bodies
from workers.contract import headers as names


class ChangeType(StrEnum):
    """What was done to a process."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsChanged:
    """A process was made, changed or deleted."""

    tenant: str
    type: ChangeType
    #: The process as it is now; after a deletion, as it was.
    process: ConfiguredProcess
    #: What a change replaced.
    replaced: ConfiguredProcess | None = None

    def to_message(self) -> Outbound:
        """Write the event."""
        deleted = self.type is ChangeType.DELETE
        before = self.process if deleted else self.replaced
        body = bodies.dump_object(
            {
                "type": self.type.value,
                "before": before.to_json() if before else None,
                "after": None if deleted else self.process.to_json(),
            }
        )
        headers = {
            names.TENANT: self.tenant,
            names.CONVERTER: topology.CONVERTER,
            names.TYPE: topology.RIGHTS_EVENT,
        }
        return Outbound(exchange=topology.RIGHTS_EXCHANGE, headers=headers, body=body)
