"""Operators see sessions in the admin, and get from there to their requests."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.access import staff_with
from tests.factories.messages import a_submission
from tests.factories.worker_manager import a_tenant
from tests.fakes.engine import Engine
from tests.fakes.sessions import fold

pytestmark = pytest.mark.django_db

_LIST = "/admin/worker_manager/sessionstep/"


def _two_sessions(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission("r-1", session="one & <all>"), a_submission("r-2", session="two"))
    fold()


def test_it_finds_a_session(engine: Engine, admin_client: Client) -> None:
    _two_sessions(engine)
    shown = admin_client.get(_LIST, {"source": "acme", "session": "two"}).content.decode()
    assert "1 session step" in shown
    assert "session=two" in shown


def test_it_leads_to_the_requests_of_the_session(engine: Engine, admin_client: Client) -> None:
    _two_sessions(engine)
    shown = admin_client.get(_LIST, {"session": "one & <all>"}).content.decode()
    assert "&lt;all&gt;" in shown
    requests = reverse("admin:worker_manager_request_changelist")
    address = shown.partition(f'href="{requests}?')[2].partition('"')[0].replace("&amp;", "&")
    listed = admin_client.get(f"{requests}?{address}").content.decode()
    assert ("r-1" in listed, "r-2" in listed) == (True, False)


def test_it_leads_nobody_to_requests_who_may_not_see_them(engine: Engine, client: Client) -> None:
    _two_sessions(engine)
    shown = staff_with(client, "view_sessionstep").get(_LIST).content.decode()
    assert ("2 session steps" in shown, reverse("admin:worker_manager_request_changelist") in shown) == (
        True,
        False,
    )
