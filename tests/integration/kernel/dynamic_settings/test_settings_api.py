"""The settings of a tenant by REST: read, changed, reset."""

from typing import Any

import pytest
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.dynamic_settings.definitions import MASK
from regards_processing.kernel.tenancy.models import TenantSetting
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant
from tests.fakes.configured_service import PATH

pytestmark = pytest.mark.django_db

_SETTINGS = "/api/v1/rs-processing/settings"
_HREF = f"http://testserver{_SETTINGS}"


@pytest.fixture(autouse=True)
def _tenant(settings: Settings) -> None:
    """Plug a service in, for the tenant `demo`."""
    settings.CONFIGURATION_MODULES = [PATH]
    a_tenant()


def _get(query: str = "") -> list[dict[str, Any]]:
    answer = client_as(Role.ADMIN, tenant="demo").get(f"{_SETTINGS}{query}")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()
    return found


def _put(name: str, body: object) -> tuple[int, Any]:
    answer = client_as(Role.ADMIN, tenant="demo").put(f"{_SETTINGS}/{name}", body, format="json")
    return answer.status_code, answer.json()


def _delete(name: str) -> tuple[int, Any]:
    answer = client_as(Role.ADMIN, tenant="demo").delete(f"{_SETTINGS}/{name}")
    return answer.status_code, answer.json()


def _values() -> dict[str, Any]:
    return {found["content"]["name"]: found["content"]["value"] for found in _get()}


def _stored() -> dict[str, Any]:
    return dict(every(TenantSetting).values_list("name", "value"))


def _links(answer: dict[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in answer["links"]}


def test_it_lists_every_setting_with_its_default() -> None:
    assert [found["content"] for found in _get()] == [
        {"name": "greeting", "description": "How to begin.", "value": "hello", "defaultValue": "hello"},
        {"name": "password", "description": "How to enter.", "value": MASK, "defaultValue": ""},
        {"name": "fixed", "description": "What stays as it is.", "value": [1], "defaultValue": [1]},
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?names=fixed&names=greeting", ["greeting", "fixed"]),
        ("?names=fixed,greeting", ["greeting", "fixed"]),
        ("?names=unknown", []),
        ("?names=", ["greeting", "password", "fixed"]),
    ],
)
def test_it_lists_the_settings_that_are_asked_for(query: str, names: list[str]) -> None:
    assert [found["content"]["name"] for found in _get(query)] == names


def test_it_has_none_for_a_service_without_settings(settings: Settings) -> None:
    settings.CONFIGURATION_MODULES = []
    assert _get() == []


def test_it_changes_a_setting() -> None:
    status, answer = _put("greeting", {"value": "hi", "name": "other", "defaultValue": 7})
    assert (status, answer["content"]["value"]) == (200, "hi")
    assert (_values()["greeting"], _stored()["greeting"]) == ("hi", "hi")


def test_it_links_what_would_change_something() -> None:
    greeting, password, fixed = _get()
    own, name = f"{_HREF}?names=greeting", f"{_HREF}/greeting"
    assert _links(greeting) == {"self": own, "update": name}
    assert _links(fixed).keys() == {"self"}
    assert _links(password).keys() == {"self", "update"}
    assert _links(_put("greeting", {"value": "hi"})[1]) == {"self": own, "update": name, "reset": name}
    assert _links(_put("greeting", {"value": "hello"})[1]) == {"self": own, "update": name}


def test_it_resets_a_setting() -> None:
    _put("greeting", {"value": "hi"})
    status, answer = _delete("greeting")
    assert (status, answer["content"]["value"]) == (200, "hello")
    assert _links(answer).keys() == {"self", "update"}
    assert _values()["greeting"] == "hello"
    assert _delete("greeting")[0] == 200


@pytest.mark.parametrize(
    "body", [{}, {"value": None}, {"value": 7}, {"value": "x" * 21}, {"value": ["hi"]}, []]
)
def test_it_refuses_a_value_that_makes_no_sense(body: object) -> None:
    status, answer = _put("greeting", body)
    assert (status, len(answer["messages"]) > 0) == (422, True)
    assert _values()["greeting"] == "hello"


def test_it_refuses_malformed_json() -> None:
    client = client_as(Role.ADMIN, tenant="demo")
    answer = client.put(f"{_SETTINGS}/greeting", '{"value":', content_type="application/json")
    assert answer.status_code == 400


def test_it_knows_no_other_setting() -> None:
    told = "There is no setting 'other'; settings of this service: greeting, password, fixed"
    for status, answer in (_put("other", {"value": 1}), _delete("other")):
        assert (status, answer["messages"]) == (404, [told])


def test_it_refuses_to_touch_a_setting_that_nobody_can_change() -> None:
    for status, answer in (_put("fixed", {"value": [2]}), _delete("fixed")):
        assert (status, answer["messages"]) == (403, ["Setting fixed cannot be changed"])


def test_it_hides_a_sensitive_value() -> None:
    status, answer = _put("password", {"value": "secret"})
    assert (status, answer["content"]["value"], _values()["password"]) == (200, MASK, MASK)
    assert _stored()["password"] == "secret"
    assert "secret" not in str(list(AuditEntry.objects.values()))


def test_it_keeps_a_sensitive_value_whose_mask_comes_back() -> None:
    _put("password", {"value": "secret"})
    status, answer = _put("password", {"value": MASK})
    assert (status, set(_links(answer))) == (200, {"self", "update", "reset"})
    assert _stored()["password"] == "secret"


def test_it_takes_the_mask_for_a_plain_value_elsewhere() -> None:
    assert _put("greeting", {"value": MASK})[1]["content"]["value"] == MASK


def test_it_leaves_a_trace_of_each_change() -> None:
    _put("greeting", {"value": "hi"})
    _delete("greeting")
    trail = AuditEntry.objects.order_by("pk").values_list(
        "actor", "origin", "tenant", "action", "target", "details"
    )
    assert list(trail) == [
        ("ada", "REST", "demo", "settings.updated", "greeting", {"before": "hello", "after": "hi"}),
        ("ada", "REST", "demo", "settings.reset", "greeting", {"before": "hi", "after": "hello"}),
    ]


def test_it_belongs_to_one_tenant() -> None:
    a_tenant(name="other")
    client_as(Role.ADMIN, tenant="other").put(f"{_SETTINGS}/greeting", {"value": "hi"}, format="json")
    assert _values()["greeting"] == "hello"


@pytest.mark.parametrize("role", [Role.EXPLOIT, Role.PUBLIC])
def test_it_is_for_administrators(role: Role) -> None:
    client = client_as(role, tenant="demo")
    answers = [
        client.get(_SETTINGS),
        client.put(f"{_SETTINGS}/greeting", {"value": "hi"}, format="json"),
        client.delete(f"{_SETTINGS}/greeting"),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
