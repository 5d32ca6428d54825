"""Plugin configurations that use others: those are there, and stay as long as they are used."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.configuration.report import ImportReport
from regards_processing.kernel.configuration.services import import_configuration
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Batch, PluginConfiguration, Process
from regards_processing.processing.module import MODULE
from regards_processing.processing.services.configuration_import import PLUGIN_KEY, RIGHTS_KEY
from tests.factories.audit import ADA
from tests.factories.executions import a_batch
from tests.factories.processing import a_parameter, a_process, some_rights
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.fakes.plugin_package import installed

pytestmark = pytest.mark.django_db

_BASE = "/api/v1/rs-processing"
_CHAIN = "plugins/Chain/config"
_IDS = [f"5e1b9b1c-7d4d-4d9a-9a53-5f0e0c1c2d{n}e" for n in range(3)]


@pytest.fixture(autouse=True)
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with installed(tmp_path, chain="Chain"):
        yield a_tenant()


def _call(verb: str, path: str, body: object = None) -> Any:
    with committing(execute=True):
        client = client_as(Role.PROJECT_ADMIN, tenant="demo")
        return getattr(client, verb)(f"{_BASE}/{path}", body, format="json")


def _link(business_id: str, *used: str, allowed: Sequence[str] = ()) -> dict[str, Any]:
    choices = {"dynamic": True, "dynamicsValues": list(allowed)} if allowed else {}
    parameters = [a_parameter("next", each, kind="PLUGIN", **choices) for each in used]
    return {"pluginId": "Chain", "label": business_id, "businessId": business_id, "parameters": parameters}


def _import(tenant: Tenant, *links: dict[str, Any], reset: bool = False) -> ImportReport:
    items = [{"key": PLUGIN_KEY, "value": link} for link in links]
    rights = [{"pluginConfBid": link["businessId"], "rights": some_rights()} for link in links]
    items += [{"key": RIGHTS_KEY, "value": value} for value in rights]
    part = {"module": {"id": "processing"}, "resetBeforeImport": reset, "configuration": items}
    document = json.dumps({"microservice": "rs-processing", "modules": [part]}).encode()
    with committing(execute=True):
        (report,) = import_configuration(module=MODULE, tenant=tenant, document=document, actor=ADA, at=AT)
    return report


@pytest.mark.parametrize(
    ("link", "field"),
    [(_link("a", "b"), "next"), (_link("a", "c", allowed=["c", "b"]), "next.dynamicsValues")],
    ids=["value", "of orders"],
)
def test_it_refuses_one_that_uses_what_there_is_not(link: dict[str, Any], field: str) -> None:
    _call("post", _CHAIN, _link("c"))
    answer = _call("post", _CHAIN, link)
    assert answer.status_code == 422
    assert answer.json()["messages"] == [
        f"Plugin Parameter {field}: there is no plugin configuration 'b'",
    ]


def test_it_knows_no_configurations_of_other_tenants() -> None:
    a_process(a_tenant(name="other"), plugin_id="Chain")
    other = str(every(PluginConfiguration).get().business_id)
    assert _call("post", _CHAIN, _link("a", other)).status_code == 422


def test_it_keeps_one_as_long_as_it_is_used() -> None:
    _call("post", _CHAIN, _link("b"))
    assert _call("post", _CHAIN, _link("a", "b")).status_code == 201
    refused = _call("delete", f"{_CHAIN}/b")
    assert refused.status_code == 403
    assert refused.json()["messages"] == ["Plugin configuration b is used by a: change or delete those first"]
    assert _call("put", f"{_CHAIN}/a", _link("a")).status_code == 200
    assert _call("delete", f"{_CHAIN}/b").status_code == 204


def test_it_keeps_one_that_orders_may_have_used() -> None:
    for link in (_link("b"), _link("c"), _link("a", "c", allowed=["b", "c"])):
        _call("post", _CHAIN, link)
    assert _call("delete", f"{_CHAIN}/b").status_code == 403


def test_it_lets_one_go_that_uses_itself() -> None:
    _call("post", _CHAIN, _link("a"))
    assert _call("put", f"{_CHAIN}/a", _link("a", "a")).status_code == 200
    assert _call("delete", f"{_CHAIN}/a").status_code == 204


def _deletable(path: str) -> list[str]:
    """Return the business ids of a list that link their deletion."""
    contents = {json.dumps(each["links"]): each["content"] for each in _call("get", path).json()}
    plugins = [found.get("pluginConfiguration", found) for rel, found in contents.items() if "delete" in rel]
    return [str(plugin["businessId"]) for plugin in plugins]


def test_it_links_the_deletion_of_those_that_nobody_uses(tenant: Tenant) -> None:
    _import(tenant, _link(_IDS[1], _IDS[0]), _link(_IDS[0]))
    assert _deletable("processplugins/config") == [_IDS[1]]
    every(Process).delete()
    assert _deletable("plugins/configs") == [_IDS[1]]


def test_it_keeps_a_process_with_its_batches_as_long_as_it_is_used(
    tenant: Tenant, admin_client: Client
) -> None:
    process = a_process(tenant, plugin_id="Chain", to_all=True)
    a_batch(tenant, process)
    user = _link("a", str(process.process_id))
    assert _call("post", _CHAIN, user).status_code == 201
    assert _call("delete", f"processplugins/config/{process.process_id}").status_code == 403
    address = f"/admin/processing/process/{every(Process).get().pk}/delete/"
    page = admin_client.post(address, {"post": "yes"}, follow=True).content.decode()
    assert "is used by a: change or delete those first" in page
    assert (every(Process).count(), every(Batch).count()) == (1, 1)
    assert _call("delete", f"{_CHAIN}/a").status_code == 204
    assert _call("delete", f"processplugins/config/{process.process_id}").status_code == 200
    assert not every(Batch).exists()


@pytest.mark.parametrize("reset", ["yes", ""])
def test_it_imports_them_in_any_order_and_replaces_them(tenant: Tenant, reset: str) -> None:
    chain = [_link(_IDS[0], _IDS[1]), _link(_IDS[1], _IDS[2]), _link(_IDS[2])]
    assert _import(tenant, *chain).errors == []
    assert _import(tenant, *chain, reset=bool(reset)).errors == []
    assert every(Process).count() == 3


def test_it_says_what_a_reset_has_to_leave(tenant: Tenant) -> None:
    _import(tenant, _link(_IDS[0]))
    _call("post", _CHAIN, _link("a", _IDS[0]))
    report = _import(tenant, reset=True)
    assert report.errors == [f"Plugin configuration {_IDS[0]} is used by a: change or delete those first"]
    assert every(Process).count() == 1


def test_it_reports_what_a_file_lacks(tenant: Tenant) -> None:
    report = _import(tenant, _link(_IDS[0], "gone"), _link(_IDS[1]))
    assert "Plugin Parameter next: there is no plugin configuration 'gone'" in report.errors[0]
    assert str(every(Process).get().process_id) == _IDS[1]


def test_it_refuses_those_of_a_file_that_go_in_a_circle(tenant: Tenant) -> None:
    report = _import(tenant, _link(_IDS[0], _IDS[1]), _link(_IDS[1], _IDS[0]))
    assert f"there is no plugin configuration '{_IDS[1]}'" in report.errors[0]
    assert not every(PluginConfiguration).exists()
