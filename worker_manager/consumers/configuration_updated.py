"""Changes of the configuration, told among managers."""

from collections.abc import Sequence

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from worker_manager.events.configuration_updated import ConfigurationUpdated
from worker_manager.services.configuration_updates import hear


class ConfigurationUpdatedConsumer(NotifyingConsumer[ConfigurationUpdated]):
    """Reads the queue of configuration changes of this manager (Q6)."""

    def __init__(self, *, instance_id: str) -> None:
        """Name the manager instance whose queue is read."""
        self.queue = topology.configuration_updates(instance_id)

    def decode(self, message: Inbound) -> ConfigurationUpdated:
        """Read one event."""
        return ConfigurationUpdated.from_wire(headers=message.headers, body=message.body)

    def handle(self, items: Sequence[ConfigurationUpdated]) -> list[Refusal]:
        """Note them."""
        hear(updates=items)
        return []
