"""Secret parameters on their way to a fleet: nobody reads them but the fleet."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Batch
from regards_processing.processing.plugin_values import (
    ConfiguredProcess,
    PluginValues,
    Rights,
    StoredParameter,
)
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.processes import create_process
from tests.factories.audit import ADA
from tests.factories.executions import a_batch, an_execution_order, the_execution
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.fakes.plugin_package import installed
from worker_manager.models import Request
from workers.processes.parameters import ParameterType
from workers.processes.sealing import unseal

pytestmark = pytest.mark.django_db

_KEY = "a key that both have"
_OURS, _THEIRS = "open sesame", "open barley"


@pytest.fixture(autouse=True)
def tenant() -> Tenant:
    return a_tenant()


@pytest.fixture
def process(tenant: Tenant, tmp_path: Path, settings: Settings) -> Iterator[ConfiguredProcess]:
    """A process with a password that an order may replace."""
    settings.PROCESS_TOKEN_KEY = _KEY
    password = StoredParameter(name="password", type=ParameterType.STRING, value=_OURS, dynamic=True)
    with installed(tmp_path, vault="Vault"):
        yield create_process(
            tenant=tenant,
            plugin=PluginValues(plugin_id="Vault", label="Safe", parameters=(password,)),
            rights=Rights(role="EXPLOIT", linked_to_all_datasets=True),
            actor=ADA,
            at=AT,
        )


def _ordered(batch: Batch) -> Any:
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch)], at=AT)
    return every(Request).get()


def _plugin(request: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(request.body))["plugin"]
    return found


def test_it_sends_them_sealed(tenant: Tenant, process: ConfiguredProcess) -> None:
    plugin = _plugin(_ordered(a_batch(tenant, process)))
    assert plugin["parameters"] == {}
    assert json.loads(unseal(plugin["sealedParameters"], key=_KEY)) == {"password": _OURS}


def test_it_sends_and_keeps_those_of_an_order_sealed(tenant: Tenant, process: ConfiguredProcess) -> None:
    batch = a_batch(tenant, process, parameters={"password": _THEIRS})
    assert _THEIRS not in json.dumps(every(Batch).get().parameters)
    plugin = _plugin(_ordered(batch))
    assert json.loads(unseal(plugin["sealedParameters"], key=_KEY)) == {"password": _THEIRS}


def test_it_takes_no_secret_that_an_order_has_seen_encrypted(
    tenant: Tenant, process: ConfiguredProcess
) -> None:
    (stored,) = process.plugin.parameters
    plugin = _plugin(_ordered(a_batch(tenant, process, parameters={"password": stored.value})))
    assert json.loads(unseal(plugin["sealedParameters"], key=_KEY)) == {"password": stored.value}


def test_nobody_reads_them(
    tenant: Tenant, process: ConfiguredProcess, broker: InMemoryBroker, admin_client: Client
) -> None:
    batch = a_batch(tenant, process, parameters={"password": _THEIRS})
    request = _ordered(batch)
    execution = the_execution()
    rest = client_as(tenant=tenant.name)
    pages: list[Any] = [
        rest.get(f"/api/v1/rs-worker-manager/requests/{request.request_id}"),
        rest.get(f"/api/v1/rs-processing/monitoring/executions/{execution.pk}"),
        rest.get(f"/api/v1/rs-processing/processplugins/config/{process.process_id}"),
        admin_client.get(f"/admin/worker_manager/request/{request.pk}/change/"),
        admin_client.get(f"/admin/processing/execution/{execution.pk}/change/"),
        admin_client.get(f"/admin/processing/batch/{batch.pk}/change/"),
    ]
    assert [page.status_code for page in pages] == [200] * len(pages)
    told = [page.content.decode() for page in pages]
    told += [bytes(message.body).decode() for message in broker.published]
    assert [text for text in told if _OURS in text or _THEIRS in text] == []


def test_it_carries_nothing_out_that_needs_secrets_without_a_key(
    tenant: Tenant, process: ConfiguredProcess, settings: Settings
) -> None:
    settings.PROCESS_TOKEN_KEY = ""
    with committing(execute=True):
        order_executions(orders=[an_execution_order(a_batch(tenant, process))], at=AT)
    execution = the_execution()
    assert execution.status == "FAILURE"
    assert "Secret parameters (password) are sent to fleets sealed" in execution.steps[-1]["message"]
    assert not every(Request).exists()
