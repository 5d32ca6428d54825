"""Pauses in the admin: who is held, and pausing and resuming by those who may."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel import clock
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.audit import ADA
from tests.factories.messages import an_answer, submissions
from tests.factories.requests import requests
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, live_workers
from tests.fakes.engine import Engine, committing
from worker_manager.models import Pause, PauseKind
from worker_manager.services import pauses

pytestmark = pytest.mark.django_db

_LIST = "/admin/worker_manager/pause/"
_FLEET = "/admin/worker_manager/workerinstance/fleets/unzip-worker/"
_MINE = {"kind": "WORKER_TYPE", "name": "unzip-worker", "tenant": "demo"}
_EVERYBODYS = {"kind": "WORKER_TYPE", "name": "unzip-worker", "everybody": "on"}


def _ready() -> Tenant:
    tenant = a_tenant()
    a_worker_type(tenant)
    return tenant


def _pause(
    tenant: Tenant | None, name: str = "unzip-worker", kind: PauseKind = PauseKind.WORKER_TYPE
) -> None:
    pauses.pause(kind=kind, name=name, tenant=tenant, actor=ADA, at=AT)


def _staff(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def _text(client: Client, address: str, **query: str) -> str:
    return " ".join(client.get(address, query).content.decode().split())


def _posted(client: Client, page: str, form: dict[str, str]) -> str:
    with committing(execute=True):
        return client.post(f"{_LIST}{page}/", form, follow=True).content.decode()


def _stored() -> list[Any]:
    return list(every(Pause).order_by("pk").values_list("kind", "name", "tenant__name"))


def _trail() -> list[Any]:
    told = AuditEntry.objects.filter(action__endswith="ed").order_by("pk")
    return list(told.values_list("action", "tenant", "target", "origin"))


def test_it_lists_who_paused_and_what_drains(engine: Engine, admin_client: Client) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, max_in_flight=2)
    live_workers("unzip-worker")
    engine.submit(*submissions(5))
    _pause(tenant)
    _pause(None, "unzip", PauseKind.CONTENT_TYPE)
    page = _text(admin_client, _LIST)
    assert '<th scope="row">unzip-worker</th> <td>demo</td> <td>ada</td>' in page
    assert '<th scope="row">unzip</th> <td>everybody</td> <td>ada</td>' in page
    assert page.count("<td>2, draining</td> <td>3</td>") == 2
    engine.answer(an_answer(request_id="r-0"), an_answer(request_id="r-1"))
    assert _text(admin_client, _LIST).count("<td>0, drained</td> <td>3</td>") == 2


def test_it_says_that_nothing_is_paused(admin_client: Client) -> None:
    assert "Nothing is paused." in _text(admin_client, _LIST)


def test_it_lists_any_number_with_five_statements(admin_client: Client) -> None:
    tenant = _ready()
    for number in range(20):
        a_worker_type(tenant, worker_type=f"type-{number}", inputs=[f"c-{number}"])
        requests(tenant, f"r-{number}", step_worker_type=f"type-{number}", status="RUNNING")
        _pause(tenant, f"type-{number}")
        _pause(tenant, f"c-{number}", PauseKind.CONTENT_TYPE)
    with CaptureQueriesContext(connection) as caught:
        admin_client.get(_LIST)
    asked = [each["sql"] for each in caught if "workermanager" in each["sql"]]
    # Pauses; requests and branches, for each kind.
    assert len(asked) == 5


@pytest.mark.parametrize(
    ("form", "stored", "told"),
    [
        (_MINE, ("WORKER_TYPE", "unzip-worker", "demo"), "Paused: worker type unzip-worker for demo; 0 in"),
        (_EVERYBODYS, ("WORKER_TYPE", "unzip-worker", None), "worker type unzip-worker for everybody; 0 in"),
        (
            {"kind": "CONTENT_TYPE", "name": "unzip", "tenant": "demo"},
            ("CONTENT_TYPE", "unzip", "demo"),
            "content type unzip for demo; 0 in flight, 0 held",
        ),
    ],
)
def test_it_pauses_and_resumes_and_the_trail_tells(
    admin_client: Client, form: dict[str, str], stored: tuple[str, str, str | None], told: str
) -> None:
    _ready()
    assert told in _posted(admin_client, "add", form)
    assert _stored() == [stored]
    assert 'value="Resume"' in _text(admin_client, f"{_LIST}resume/", **form)
    assert _stored() == [stored]
    assert "Resumed: " in _posted(admin_client, "resume", form)
    assert _stored() == []
    subject = stored[0].lower()
    assert _trail() == [
        (f"{subject}.paused", stored[2], stored[1], "ADMIN"),
        (f"{subject}.resumed", stored[2], stored[1], "ADMIN"),
    ]


def test_it_lets_go_what_was_held(engine: Engine, admin_client: Client) -> None:
    tenant = _ready()
    live_workers("unzip-worker", at=clock.now())
    _pause(tenant)
    engine.submit(*submissions(2))
    assert engine.dispatches() == []
    assert "<strong>2</strong> requests held go on" in _text(admin_client, f"{_LIST}resume/", **_MINE)
    _posted(admin_client, "resume", _MINE)
    assert len(engine.dispatches()) == 2


def test_it_says_that_it_was_paused_before(admin_client: Client) -> None:
    _pause(_ready())
    page = _posted(admin_client, "add", _MINE)
    assert f"for demo is paused since {AT:%Y-%m-%d %H:%M:%S} UTC by ada" in page
    assert len(_trail()) == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_says_that_it_is_not_paused(admin_client: Client, method: str) -> None:
    _pause(_ready())
    answer = getattr(admin_client, method)(f"{_LIST}resume/", _EVERYBODYS, follow=True)
    told = "Nothing was changed: worker type unzip-worker for everybody is not paused"
    assert told in answer.content.decode()
    assert len(_stored()) == 1


@pytest.mark.parametrize(
    ("wrong", "field", "text"),
    [
        ({"kind": "TENANT"}, "kind", "Select a valid choice. TENANT is not one of the available choices."),
        ({"name": ""}, "name", "This field is required."),
        ({"name": "n" * 256}, "name", "Ensure this value has at most 255 characters (it has 256)."),
        ({"name": "zip"}, "name", "There is no worker type zip: configured or alive ones can be paused"),
        ({"tenant": "nobody"}, "tenant", "Select a valid choice. That choice is not one of the available ch"),
        ({"tenant": ""}, "tenant", "Choose a tenant, or everybody"),
        ({"everybody": "on"}, "tenant", "Choose a tenant, or everybody, not both"),
    ],
)
def test_it_says_at_the_field_what_is_wrong(
    admin_client: Client, wrong: dict[str, str], field: str, text: str
) -> None:
    _ready()
    answer = admin_client.post(f"{_LIST}add/", _MINE | wrong)
    (told,) = answer.context["form"].errors[field]
    assert told.startswith(text)
    assert list(answer.context["form"].errors) == [field]
    assert (_stored(), _trail()) == ([], [])


def test_it_says_what_is_wrong_with_what_is_to_be_resumed(admin_client: Client) -> None:
    page = admin_client.get(f"{_LIST}resume/", {"kind": "WORKER_TYPE", "tenant": "x"}, follow=True)
    assert "Name: This field is required.; tenant: Select a valid choice" in page.content.decode()


@pytest.mark.parametrize(
    ("permissions", "codes"),
    [
        ([], [403, 403, 403]),
        (["view_pause"], [200, 403, 403]),
        (["add_pause"], [200, 200, 403]),
        (["delete_pause"], [200, 403, 200]),
    ],
)
def test_it_asks_for_the_permission(client: Client, permissions: list[str], codes: list[int]) -> None:
    _pause(_ready())
    _staff(client, *permissions)
    pages = ("", "add/", "resume/")
    assert [client.get(f"{_LIST}{page}", _MINE).status_code for page in pages] == codes


@pytest.mark.parametrize(("page", "permission"), [("add", "delete_pause"), ("resume", "add_pause")])
def test_it_does_nothing_without_the_permission(client: Client, page: str, permission: str) -> None:
    _pause(_ready())
    _staff(client, permission)
    assert client.post(f"{_LIST}{page}/", _MINE).status_code == 403
    assert len(_stored()) == len(_trail()) == 1


def test_only_a_superuser_pauses_for_everybody(client: Client) -> None:
    _ready()
    _staff(client, "add_pause")
    answer = client.post(f"{_LIST}add/", _EVERYBODYS)
    assert answer.context["form"].errors == {"tenant": ["Choose a tenant"]}
    assert _stored() == []


def test_only_a_superuser_resumes_for_everybody(client: Client) -> None:
    _ready()
    _pause(None)
    _staff(client, "delete_pause")
    assert "resume/" not in _text(client, _LIST)
    assert "Tenant: Choose a tenant" in _posted(client, "resume", _EVERYBODYS)
    assert len(_stored()) == 1


def test_a_fleet_tells_its_pauses_and_links_what_may_be_done(admin_client: Client) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, max_in_flight=7)
    live_workers("unzip-worker", at=clock.now())
    requests(tenant, "r-1", "r-2", status="TO_DISPATCH", due_at=None)
    requests(tenant, "r-3", status="NO_WORKER_AVAILABLE")
    _pause(tenant)
    _pause(tenant, "unzip", PauseKind.CONTENT_TYPE)
    page = _text(admin_client, _FLEET)
    assert "3, of which 2 held" in page
    assert '<th scope="row">Limit in flight</th><td>7</td>' in page
    assert page.count("by ada") == 1
    resume = f"{_LIST}resume/?kind=WORKER_TYPE&amp;name=unzip-worker&amp;tenant=demo"
    assert f'<a href="{resume}">resume</a>' in page
    assert f'<a href="{_LIST}add/?kind=WORKER_TYPE&amp;name=unzip-worker">Pause it</a>' in page


def test_a_fleet_offers_nothing_to_those_who_only_look(client: Client) -> None:
    _pause(_ready())
    _staff(client, "view_workerinstance")
    page = _text(client, _FLEET)
    assert "pause/" not in page
    assert "by ada" not in page


def test_the_form_is_filled_in_by_the_link_of_a_fleet(admin_client: Client) -> None:
    _ready()
    page = _text(admin_client, f"{_LIST}add/", kind="WORKER_TYPE", name="unzip-worker")
    assert '<option value="WORKER_TYPE" selected>' in page
    assert 'value="unzip-worker"' in page
