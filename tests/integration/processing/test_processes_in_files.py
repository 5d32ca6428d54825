"""Processes in configuration files: imported, exported, reset."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.configuration.file_schema import file_schema
from regards_processing.kernel.configuration.report import ImportReport
from regards_processing.kernel.configuration.services import export_configuration, import_configuration
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.models import PluginConfiguration, Process
from regards_processing.processing.module import MODULE
from regards_processing.processing.services.configuration_import import PLUGIN_KEY, RIGHTS_KEY
from tests.factories.audit import ADA
from tests.factories.processing import a_parameter, a_plugin, a_process, some_rights
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.fakes.plugin_package import installed

pytestmark = pytest.mark.django_db


def _import(tenant: Tenant, *items: Mapping[str, Any], reset: bool = False) -> ImportReport:
    part = {"module": {"id": "processing"}, "resetBeforeImport": reset, "configuration": items}
    return _import_file(tenant, {"microservice": "rs-processing", "modules": [part]})


def _import_file(tenant: Tenant, document: object) -> ImportReport:
    content = json.dumps(document).encode()
    with committing(execute=True):
        (report,) = import_configuration(module=MODULE, tenant=tenant, document=content, actor=ADA, at=AT)
    return report


def _export(tenant: Tenant) -> dict[str, Any]:
    return dict(export_configuration(module=MODULE, tenant=tenant, actor=ADA, at=AT))


def _plugin(business_id: str, **others: Any) -> dict[str, Any]:
    return {"key": PLUGIN_KEY, "value": a_plugin(businessId=business_id, **others)}


def _rights(business_id: str, **others: Any) -> dict[str, Any]:
    return {"key": RIGHTS_KEY, "value": {"pluginConfBid": business_id, "rights": some_rights(**others)}}


def _types(broker: InMemoryBroker) -> list[str]:
    return [json.loads(message.body)["type"] for message in broker.published_to(topology.RIGHTS_EXCHANGE)]


def test_it_makes_processes_of_a_file(broker: InMemoryBroker) -> None:
    tenant, business_id = a_tenant(), str(uuid4())
    report = _import(tenant, _rights(business_id, role="ADMIN"), _plugin(business_id))
    assert (report.errors, report.imported) == ([], 2)
    (process,) = queries.processes(tenant=tenant)
    assert (str(process.process_id), process.rights.role) == (business_id, "ADMIN")
    assert _types(broker) == ["CREATE"]


def test_it_takes_label_and_parameters_of_one_that_exists(broker: InMemoryBroker) -> None:
    tenant = a_tenant()
    process = a_process(tenant)
    business_id = str(process.process_id)
    parameters = [*a_plugin()["parameters"], a_parameter("scope", "FEATURE")]
    changed = _plugin(business_id, label="Cut", parameters=parameters, priorityOrder=9, active=False)
    report = _import(tenant, changed, _rights(business_id, datasets=["URN:A"]))
    stored = every(PluginConfiguration).get()
    assert report.errors == []
    assert (stored.label, stored.parameters) == ("Cut", parameters)
    assert (stored.priority_order, stored.active) == (0, True)
    assert queries.process(tenant=tenant, process_id=process.process_id).rights.datasets == ("URN:A",)
    assert _types(broker) == ["UPDATE"]


def test_it_reads_null_in_files_as_absent() -> None:
    tenant, business_id = a_tenant(), str(uuid4())
    nulls = {"priorityOrder": None, "active": None, "version": None, "iconUrl": None}
    parameters = [None, *a_plugin()["parameters"], a_parameter("scope", "FEATURE", dynamic=None)]
    plugin, rights = _plugin(business_id, parameters=parameters, **nulls), _rights(business_id)
    rights["value"]["rights"] |= {"datasets": [None, "URN:A"], "isLinkedToAllDatasets": None}
    assert _import(tenant, plugin, rights).errors == []
    (process,) = queries.processes(tenant=tenant)
    assert (process.plugin.active, process.plugin.priority_order) == (True, 0)
    assert [each.dynamic for each in process.plugin.parameters] == [False] * 4
    assert process.rights.datasets == ("URN:A",)


def test_it_warns_of_a_plugin_that_becomes_no_process() -> None:
    tenant, business_id = a_tenant(), str(uuid4())
    report = _import(tenant, _plugin(business_id))
    assert report.errors == []
    assert any(business_id in warning for warning in report.warnings)
    assert not every(Process).exists()


def test_it_reports_rights_without_their_plugin() -> None:
    business_id = str(uuid4())
    report = _import(a_tenant(), _rights(business_id), _plugin(str(uuid4())))
    assert len(report.errors) == 1
    assert business_id in report.errors[0]


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        ({"pluginId": "Unknown"}, "Plugin Unknown is unknown"),
        ({"version": "2"}, "Plugin configuration version (2) is different"),
        ({"parameters": []}, "Plugin Parameter shellScript is missing."),
        ({"label": None}, "label: None is not of type 'string'"),
        ({"label": 5}, "label: 5 is not of type 'string'"),
        ({"businessId": None}, "businessId: None is not of type 'string'"),
        ({"parameters": [{"name": "a"}]}, "parameters[0]: 'type' is a required property"),
        ({"parameters": [a_parameter("a", 1)]}, "parameters[0].value: 1 is refused: a text without NUL"),
    ],
)
def test_it_reports_what_does_not_fit_and_stores_the_others(plugin: dict[str, Any], told: str) -> None:
    tenant, bad, good = a_tenant(), str(uuid4()), str(uuid4())
    report = _import(
        tenant, _plugin(bad) | {"value": a_plugin(businessId=bad) | plugin}, _plugin(good), _rights(good)
    )
    assert told in report.errors[0]
    assert [str(each.process_id) for each in queries.processes(tenant=tenant)] == [good]


def test_it_keeps_nothing_of_rights_that_are_refused() -> None:
    tenant, business_id = a_tenant(), str(uuid4())
    report = _import(tenant, _plugin(business_id), _rights(business_id, role="NOBODY"))
    assert "There is no role 'NOBODY'" in report.errors[0]
    assert not every(Process).exists()


@pytest.mark.parametrize(
    "business_id", ["crop", "5E1B9B1C-7D4D-4D9A-9A53-5F0E0C1C2D3E", "5e1b9b1c7d4d4d9a9a535f0e0c1c2d3e"]
)
def test_it_refuses_a_process_whose_id_is_no_uuid(business_id: str) -> None:
    report = _import(a_tenant(), _plugin(business_id), _rights(business_id))
    assert f"businessId {business_id} is refused: the id of a process must be a UUID" in report.errors[0]
    assert not every(Process).exists()


def test_it_erases_processes_before_an_import_that_asks_for_it(broker: InMemoryBroker) -> None:
    tenant = a_tenant()
    a_process(tenant, "old")
    report = _import(tenant, reset=True)
    assert report.errors == []
    assert not every(PluginConfiguration).exists()
    assert _types(broker) == ["DELETE"]


def test_it_imports_what_it_exports() -> None:
    tenant = a_tenant()
    a_process(tenant, "Crop", datasets=["URN:A"])
    a_process(tenant, "Cut", to_all=True)
    exported = _export(tenant)
    Draft202012Validator(file_schema(MODULE)).validate(exported)
    assert exported["modules"][0]["resetBeforeImport"] is True
    report = _import_file(a_tenant(name="other"), exported)
    assert report.errors == []
    other = Tenant.objects.get(name="other")
    assert _export(other) == exported


def test_it_exports_inactive_ones_as_active_and_without_technical_ids() -> None:
    tenant = a_tenant()
    a_process(tenant)
    every(PluginConfiguration).update(active=False)
    plugin, _ = _export(tenant)["modules"][0]["configuration"]
    assert plugin["value"]["active"] is True
    assert "id" not in plugin["value"]


def test_it_exports_secrets_in_clear(tmp_path: Path) -> None:
    tenant = a_tenant()
    secret = [a_parameter("password", "open sesame")]
    with installed(tmp_path, vault="Vault"):
        _import(tenant, _plugin("safe", pluginId="Vault", parameters=secret))
        (plugin,) = _export(tenant)["modules"][0]["configuration"]
    assert plugin["value"]["parameters"][0]["value"] == "open sesame"
    assert every(PluginConfiguration).get().parameters[0]["value"] != "open sesame"


def test_it_keeps_the_limit_of_executions_in_files() -> None:
    tenant = a_tenant()
    process = a_process(tenant)
    every(Process).update(max_concurrent=3)
    document = _export(tenant)
    assert document["modules"][0]["configuration"][-1]["value"]["rights"]["maxConcurrentExecutions"] == 3
    _import_file(tenant, document)
    assert queries.process(tenant=tenant, process_id=process.process_id).rights.max_concurrent == 3


@pytest.mark.parametrize(("given", "limit"), [({}, 3), ({"maxConcurrentExecutions": 0}, 0)])
def test_it_leaves_the_limit_that_a_file_does_not_name(given: dict[str, int], limit: int) -> None:
    tenant = a_tenant()
    business_id = str(a_process(tenant).process_id)
    every(Process).update(max_concurrent=3)
    rights = _rights(business_id)
    rights["value"]["rights"] |= given
    assert _import(tenant, _plugin(business_id), rights).errors == []
    assert every(Process).get().max_concurrent == limit
