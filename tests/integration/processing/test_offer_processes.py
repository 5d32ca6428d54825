"""The processes that can be ordered, by REST."""

import logging
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.models import PluginConfiguration
from regards_processing.processing.plugin_values import ConfiguredProcess
from regards_processing.processing.services.executions import order_executions
from tests.factories.executions import a_batch, an_execution_order, the_execution
from tests.factories.processing import a_parameter, a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.fakes.plugin_package import installed

pytestmark = pytest.mark.django_db

_BASE = "/api/v1/rs-processing/process"


def _get(path: str = "", *, role: str = Role.REGISTERED_USER) -> Any:
    return client_as(role, tenant="demo").get(f"{_BASE}{path}")


def _change(process_id: UUID, **columns: Any) -> None:
    every(PluginConfiguration).filter(business_id=str(process_id)).update(**columns)


def test_it_offers_every_process_whatever_its_role() -> None:
    process = a_process(a_tenant(), role="ADMIN")
    expected = {
        "processId": str(process.process_id),
        "processName": "Crop",
        "active": True,
        "processInfo": {
            "scope": "SUBORDER",
            "cardinality": "ONE_PER_FEATURE",
            "datatypes": "RAWDATA",
            "sizeLimitType": "NO_LIMIT",
            "sizeLimitValue": "0",
            "sizeForecast": "*1.000000",
            "forbidSplitInSuborders": "false",
            "regards.tenant": "demo",
            "regards.userRole": "ADMIN",
        },
        "params": [],
    }
    assert _get().json() == [expected]
    assert _get(f"/{process.process_id}").json() == expected


@pytest.mark.parametrize(
    "columns",
    [
        {"active": False},
        {"version": "0.9"},
        {"plugin_id": "Gone"},
        {"parameters": [a_parameter("sizeForecast", "much")]},
    ],
)
def test_it_leaves_out_what_cannot_be_ordered_and_keeps_the_others(columns: dict[str, Any]) -> None:
    tenant = a_tenant()
    broken, whole = a_process(tenant, "broken"), a_process(tenant, "whole")
    _change(broken.process_id, **columns)
    assert [each["processId"] for each in _get().json()] == [str(whole.process_id)]
    assert _get(f"/{broken.process_id}").status_code == 404


def test_it_says_in_the_log_what_is_broken(caplog: pytest.LogCaptureFixture) -> None:
    process = a_process(a_tenant())
    _change(process.process_id, version="0.9")
    with caplog.at_level(logging.WARNING):
        _get()
    (record,) = [each for each in caplog.records if each.getMessage() == "broken process left out"]
    assert vars(record)["process_id"] == str(process.process_id)
    assert "version (0.9)" in vars(record)["reason"]


def _break(process: ConfiguredProcess) -> None:
    """Have a process be one of a plugin that raises what it should not."""
    _change(process.process_id, plugin_id="Broken", version="1.0", parameters=[])


def test_it_leaves_out_those_whose_plugin_breaks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tenant = a_tenant()
    broken, whole = a_process(tenant, "broken"), a_process(tenant, "whole")
    _break(broken)
    with installed(tmp_path, broken="Broken"):
        assert [each["processId"] for each in _get().json()] == [str(whole.process_id)]
        assert _get(f"/{whole.process_id}").status_code == 200
        caplog.clear()
        assert _get(f"/{broken.process_id}").status_code == 404
    (record,) = [each for each in caplog.records if each.exc_info]
    facts = {name: vars(record)[name] for name in ("action", "plugin", "configuration")}
    assert facts == {
        "action": "plugin.broken_profile",
        "plugin": "Broken",
        "configuration": str(broken.process_id),
    }


def test_an_execution_fails_whose_plugin_breaks_and_others_go_on(tmp_path: Path) -> None:
    tenant = a_tenant()
    broken, whole = a_process(tenant, "broken", to_all=True), a_process(tenant, "whole", to_all=True)
    batches = {"broken": a_batch(tenant, broken), "whole": a_batch(tenant, whole)}
    _break(broken)
    with installed(tmp_path, broken="Broken"), committing(execute=True):
        orders = [an_execution_order(batch, name) for name, batch in batches.items()]
        assert order_executions(orders=orders, at=AT) == []
    assert {name: the_execution(name).status for name in batches} == {
        "broken": "FAILURE",
        "whole": "REGISTERED",
    }


def test_it_stores_no_configuration_that_its_plugin_breaks_on(tmp_path: Path) -> None:
    a_tenant()
    body = {"pluginId": "Broken", "label": "Broken"}
    with installed(tmp_path, broken="Broken"):
        client = client_as(tenant="demo")
        answer = client.post("/api/v1/rs-processing/plugins/Broken/config", body, format="json")
    assert answer.status_code == 422
    assert answer.json()["messages"] == ["Plugin Broken cannot read its parameters: KeyError: 'missing'"]


def test_it_does_not_find_what_is_not_there() -> None:
    a_tenant()
    process_id = uuid4()
    answer = _get(f"/{process_id}")
    assert (answer.status_code, answer.json()["messages"]) == (404, [f"Unfound {process_id}"])


def test_it_knows_the_other_spelling_of_a_parameter() -> None:
    process = a_process(a_tenant())
    stored = every(PluginConfiguration).get().parameters
    split = a_parameter("forbidSplitInSuborders", value=True, kind="BOOLEAN")
    _change(process.process_id, parameters=[*stored, split])
    assert _get(f"/{process.process_id}").json()["processInfo"]["forbidSplitInSuborders"] == "true"
