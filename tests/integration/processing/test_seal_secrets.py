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
from regards_processing.processing.models import Batch, PluginConfiguration, Process
from regards_processing.processing.plugin_values import (
    ConfiguredProcess,
    PluginValues,
    Rights,
    StoredParameter,
)
from regards_processing.processing.services.batches import BatchRefused
from regards_processing.processing.services.configuration_import import exported_plugins
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.processes import create_process
from tests.factories.audit import ADA
from tests.factories.executions import a_batch, an_execution_order, the_execution, unsealed_parameters
from tests.factories.processing import a_parameter, a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.fakes.plugin_package import installed
from worker_manager.models import Request
from workers.processes.parameters import ParameterType
from workers.processes.sealing import Addressee, SealBroken, parameters_of, unseal

pytestmark = pytest.mark.django_db

_KEY = "a key that both have"
_OURS, _THEIRS, _OTHER = "open sesame", "open barley", "open rye"
_CONFIGURATION = "/api/v1/rs-processing/processplugins/config"


@pytest.fixture(autouse=True)
def tenant() -> Tenant:
    return a_tenant()


@pytest.fixture
def process(tenant: Tenant, tmp_path: Path, settings: Settings) -> Iterator[ConfiguredProcess]:
    """A process with a password that an order may replace by one of two others."""
    settings.PROCESS_TOKEN_KEY = _KEY
    password = StoredParameter(
        name="password",
        type=ParameterType.STRING,
        value=_OURS,
        dynamic=True,
        dynamic_values=(_THEIRS, _OTHER),
    )
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
    request = _ordered(a_batch(tenant, process))
    assert _plugin(request)["parameters"] == {}
    assert unsealed_parameters(request, key=_KEY) == {"password": _OURS}


def test_it_seals_them_for_one_request_and_its_plugin(tenant: Tenant, process: ConfiguredProcess) -> None:
    request = _ordered(a_batch(tenant, process))
    sealed = _plugin(request)["sealedParameters"]
    meant = {"tenant": "demo", "request_id": request.request_id, "part": parameters_of("Vault")}
    for name in meant:
        with pytest.raises(SealBroken, match="it was sealed for another request"):
            unseal(sealed, key=_KEY, addressee=Addressee(**meant | {name: "other"}))


def test_it_sends_and_keeps_those_of_an_order_sealed(tenant: Tenant, process: ConfiguredProcess) -> None:
    batch = a_batch(tenant, process, parameters={"password": _THEIRS})
    assert _THEIRS not in json.dumps(every(Batch).get().parameters)
    assert unsealed_parameters(_ordered(batch), key=_KEY) == {"password": _THEIRS}


def _take_any_password() -> None:
    """Let orders give any password."""
    row = every(PluginConfiguration).get()
    row.parameters[0].pop("dynamicsValues")
    row.save()


def test_it_takes_no_secret_that_an_order_has_seen_encrypted(
    tenant: Tenant, process: ConfiguredProcess
) -> None:
    _take_any_password()
    (stored,) = process.plugin.parameters
    request = _ordered(a_batch(tenant, process, parameters={"password": stored.value}))
    assert unsealed_parameters(request, key=_KEY) == {"password": stored.value}


@pytest.mark.usefixtures("process")
def test_it_keeps_what_orders_may_give_encrypted_and_exports_it_in_clear(tenant: Tenant) -> None:
    stored = json.dumps(every(PluginConfiguration).get().parameters)
    assert [secret for secret in (_OURS, _THEIRS, _OTHER) if secret in stored] == []
    (exported,) = exported_plugins(tenant=tenant)
    assert exported["parameters"][0]["dynamicsValues"] == [_THEIRS, _OTHER]


def test_it_takes_back_what_orders_may_give_as_it_shows_it(
    tenant: Tenant, process: ConfiguredProcess
) -> None:
    client = client_as(tenant=tenant.name)
    address = f"{_CONFIGURATION}/{process.process_id}"
    shown = client.get(address).json()["content"]
    parameter = shown["pluginConfiguration"]["parameters"][0]
    before = list(parameter["dynamicsValues"])
    parameter["dynamicsValues"].append("open wheat")
    answer = client.put(address, shown, format="json")
    after = answer.json()["content"]["pluginConfiguration"]["parameters"][0]["dynamicsValues"]
    assert after[:2] == before
    assert after[2] != "open wheat"
    (exported,) = exported_plugins(tenant=tenant)
    assert exported["parameters"][0]["dynamicsValues"] == [_THEIRS, _OTHER, "open wheat"]


def test_it_tells_nobody_which_secrets_an_order_might_have_given(
    tenant: Tenant, process: ConfiguredProcess
) -> None:
    with pytest.raises(BatchRefused) as refused:
        a_batch(tenant, process, parameters={"password": "open wheat"})
    assert refused.value.violations == ("Parameter password: '***' is refused: one of *** is expected",)


def test_a_program_gets_its_secret_variables_sealed(tenant: Tenant, settings: Settings) -> None:
    settings.PROCESS_TOKEN_KEY = _KEY
    process = a_process(tenant, to_all=True)
    client = client_as(tenant=tenant.name)
    address = f"{_CONFIGURATION}/{process.process_id}"
    shown = client.get(address).json()["content"]
    shown["pluginConfiguration"]["parameters"].append(a_parameter("secretEnvVariables", f"DB={_OURS}"))
    answer = client.put(address, shown, format="json")
    assert answer.status_code == 200
    assert _OURS not in answer.content.decode()
    request = _ordered(a_batch(tenant, process))
    assert "secretEnvVariables" not in _plugin(request)["parameters"]
    assert unsealed_parameters(request, key=_KEY) == {"secretEnvVariables": f"DB={_OURS}"}


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
        admin_client.get(f"/admin/processing/process/{every(Process).get().pk}/change/"),
        admin_client.get(f"/admin/processing/process/{every(Process).get().pk}/try/"),
    ]
    assert [page.status_code for page in pages] == [200] * len(pages)
    told = [page.content.decode() for page in pages]
    told += [bytes(message.body).decode() for message in broker.published]
    secrets = (_OURS, _THEIRS, _OTHER)
    assert [text for text in told for secret in secrets if secret in text] == []


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
