"""Content types are skipped from the moment on that an operator says so."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.dynamic_settings.definitions import InvalidSetting
from regards_processing.kernel.dynamic_settings.services import Setting, change_setting
from tests.factories.audit import ADA
from tests.factories.configuration_files import a_worker, import_items
from tests.factories.messages import a_submission
from tests.factories.rest import client_as
from tests.factories.worker_manager import AT, a_tenant, a_worker_type
from tests.fakes.engine import Engine
from tests.fakes.other_process import while_uncommitted
from worker_manager import queries
from worker_manager.module import SKIPPED

pytestmark = pytest.mark.django_db

_SETTING = "/api/v1/rs-worker-manager/settings/skipContentTypes"


def _put(value: Any) -> tuple[int, Any]:
    answer = client_as(Role.ADMIN, tenant="demo").put(_SETTING, {"value": value}, format="json")
    return answer.status_code, answer.json()


def test_it_holds_from_the_next_request_on(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission(request_id="r-1", content_type="noise"))
    assert _put(["noise"])[0] == 200
    engine.submit(a_submission(request_id="r-2", content_type="noise"))
    client_as(Role.ADMIN, tenant="demo").delete(_SETTING)
    engine.submit(a_submission(request_id="r-3", content_type="noise"))
    assert engine.states() == [("r-1", "DELAYED"), ("r-2", "SKIPPED"), ("r-3", "DELAYED")]


def test_it_is_shown_as_the_contract_wants_it() -> None:
    a_tenant()
    status, answer = _put(["noise"])
    assert (status, answer["content"]) == (
        200,
        {
            "name": "skipContentTypes",
            "description": "List of content-types to ignore for requests dispatch.",
            "value": ["noise"],
            "defaultValue": [],
        },
    )


@pytest.mark.parametrize("value", ["noise", {"a": 1}, [1], [None], 7])
def test_it_takes_arrays_of_texts_only(value: Any) -> None:
    a_tenant()
    assert _put(value)[0] == 422


def test_it_refuses_what_a_worker_type_takes() -> None:
    tenant = a_tenant()
    a_worker_type(tenant, inputs=["zip"])
    a_worker_type(a_tenant(name="other"), inputs=["free"])
    told = "These content types go to a worker type and cannot be skipped: zip (worker type unzip-worker)"
    assert _put(["free", "zip"]) == (422, {"messages": [told]})
    assert _put(["free"])[0] == 200


def test_it_is_read_with_one_statement_for_all_tenants() -> None:
    tenants = [a_tenant(name=name, skipped=[name]) for name in ("a", "b", "c")]
    with CaptureQueriesContext(connection) as captured:
        found = queries.skipped_content_types(tenant_ids=[tenant.pk for tenant in tenants])
    assert (len(captured), len(found)) == (1, 3)


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_an_import_that_gives_the_content_type_to_a_worker_type() -> None:
    tenant = a_tenant()

    def skip() -> Setting:
        return change_setting(tenant=tenant, definition=SKIPPED, value=["unzip"], actor=ADA, at=AT)

    with while_uncommitted(skip) as other:
        import_items(tenant, a_worker("unzip-worker"))
    with pytest.raises(InvalidSetting):
        other.result()
