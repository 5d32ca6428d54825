"""Processes, as bodies and as rows."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.plugin_values import (
    ConfiguredProcess,
    PluginValues,
    Rights,
    StoredParameter,
)
from regards_processing.processing.services.plugin_configurations import create
from regards_processing.processing.services.processes import create_process
from tests.factories.audit import ADA
from tests.factories.worker_manager import AT
from workers.processes.parameters import ParameterType

SHELL = "SimpleShellProcessPlugin"
VERSION = "1.0.0-SNAPSHOT"
#: Values of the parameters that a shell process must have.
NEEDED = {"shellScript": "/bin/true", "durationForecast": "10s", "sizeForecast": "*1"}


def a_parameter(name: str, value: Any, *, kind: str = "STRING", **others: Any) -> dict[str, Any]:
    """Return a parameter as the contract writes it."""
    return {"name": name, "type": kind, "value": value, "dynamic": False} | others


def a_plugin(label: str = "Crop", **others: Any) -> dict[str, Any]:
    """Return the body of a plugin configuration of the shell plugin."""
    parameters = [a_parameter(name, value) for name, value in NEEDED.items()]
    return {"pluginId": SHELL, "label": label, "parameters": parameters} | others


def some_rights(
    role: str = "EXPLOIT", *, datasets: Sequence[str] = (), to_all: bool = False
) -> dict[str, Any]:
    """Return the body of the rights of a process."""
    return {"role": role, "datasets": list(datasets), "isLinkedToAllDatasets": to_all}


def a_process(
    tenant: Tenant,
    label: str = "Crop",
    *,
    process_id: UUID | None = None,
    role: str = "EXPLOIT",
    datasets: Sequence[str] = (),
    to_all: bool = False,
    plugin_id: str = SHELL,
    parameters: Mapping[str, str] | None = None,
) -> ConfiguredProcess:
    """Store a process, of the shell plugin unless another one is named."""
    needed = parameters or (NEEDED if plugin_id == SHELL else {})
    stored = tuple(
        StoredParameter(name=name, type=ParameterType.STRING, value=value) for name, value in needed.items()
    )
    business_id = str(process_id or uuid4())
    plugin = PluginValues(plugin_id=plugin_id, label=label, business_id=business_id, parameters=stored)
    with transaction():
        create(tenant=tenant, wanted=plugin, at=AT)
    return create_process(
        tenant=tenant,
        plugin=plugin,
        rights=Rights(role=role, datasets=tuple(datasets), linked_to_all_datasets=to_all),
        actor=ADA,
        at=AT,
    )
