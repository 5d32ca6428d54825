"""What is told of plugin configurations: `PluginConfEvent`, `BroadcastPluginConfEvent`, and of caches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from workers.contract import bodies
from workers.contract import headers as names


class PluginAction(StrEnum):
    """What was done to a plugin configuration."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    DISABLE = "DISABLE"
    ACTIVATE = "ACTIVATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginChanged:
    """Something was done to a plugin configuration of a service."""

    service: str
    tenant: str
    pk: int
    business_id: str
    label: str
    action: PluginAction
    #: The kinds that the plugin is of.
    types: Sequence[str]

    def to_messages(self) -> list[Outbound]:
        """Write both events: for one handler of each kind of service, for all instances of this one."""
        body = bodies.dump_object(
            {
                "pluginConfId": self.pk,
                # Written so by the contract.
                "pluginBusinnessId": self.business_id,
                "label": self.label,
                "action": self.action.value,
                "pluginTypes": list(self.types),
            }
        )
        events = {
            topology.PLUGIN_EVENT: topology.PLUGIN_EXCHANGE,
            topology.BROADCAST_PLUGIN_EVENT: topology.broadcast_plugin_exchange(self.service),
        }
        return [
            Outbound(exchange=exchange, headers=_headers(self.tenant, event), body=body)
            for event, exchange in events.items()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginCacheCleared:
    """Live plugins of a service are to be dropped."""

    service: str
    tenant: str

    def to_message(self) -> Outbound:
        """Write the event, which says nothing but that."""
        exchange = topology.plugin_cache_exchange(self.service)
        headers = _headers(self.tenant, topology.PLUGIN_CACHE_EVENT)
        return Outbound(exchange=exchange, headers=headers, body=bodies.dump_object({}))


def _headers(tenant: str, event: str) -> Mapping[str, str]:
    return {names.TENANT: tenant, names.CONVERTER: topology.CONVERTER, names.TYPE: event}
