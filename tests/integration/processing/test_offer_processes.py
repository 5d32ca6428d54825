"""The processes that can be ordered, by REST."""

import logging
from typing import Any
from uuid import UUID, uuid4

import pytest

from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.models import PluginConfiguration
from tests.factories.processing import a_parameter, a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant

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
