"""The page of a request leads on when the request has ended meanwhile."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.history import finished_requests
from tests.factories.requests import requests
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant
from worker_manager.models import FinishedRequest, Request

pytestmark = pytest.mark.django_db

_LIST = "/admin/worker_manager/request/"
_FINISHED = "/admin/worker_manager/finishedrequest/"


def _end(tenant: Tenant, request_id: str) -> None:
    every(Request).filter(tenant=tenant, request_id=request_id).delete()
    finished_requests(tenant, request_id)


def test_it_leads_to_the_history_of_that_request(admin_client: Client) -> None:
    tenant, other = a_tenant(), a_tenant(name="other")
    requests(tenant, "r&1")
    key = every(Request).get().pk
    address = f"{_LIST}{key}/change/?tenant=demo&amp;request_id=r%261"
    assert f'href="{address}"' in admin_client.get(_LIST).content.decode()
    _end(tenant, "r&1")
    finished_requests(other, "r&1")
    finished_requests(tenant, "r-2")
    page = admin_client.get(address.replace("&amp;", "&"), follow=True)
    ended = every(FinishedRequest).get(tenant=tenant, request_id="r&1")
    assert page.redirect_chain == [(f"{_FINISHED}{ended.pk}/change/", 302)]
    assert "Request r&amp;1 has ended" in page.content.decode()


def test_it_shows_one_that_is_there_whatever_the_address_says_besides(admin_client: Client) -> None:
    requests(a_tenant(), "r-1")
    key = every(Request).get().pk
    assert admin_client.get(f"{_LIST}{key}/change/?tenant=demo&request_id=r-1").status_code == 200


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "Request number 37 has ended, or was deleted: look for its request id here"),
        ("?tenant=demo&request_id=r-1", "Request r-1 has ended and is not remembered, or was deleted"),
        ("?request_id=r-2", "Request r-2 has ended and is not remembered, or was deleted"),
        ("?tenant=nobody&request_id=r-2", "Request r-2 has ended and is not remembered, or was deleted"),
    ],
)
def test_it_leads_to_the_list_of_the_finished_ones_when_it_knows_no_more(
    admin_client: Client, query: str, told: str
) -> None:
    finished_requests(a_tenant(), "r-2")
    page = admin_client.get(f"{_LIST}37/change/{query}", follow=True)
    assert page.redirect_chain == [(_FINISHED, 302)]
    assert told in page.content.decode()


def test_it_leads_nobody_to_what_they_may_not_see(client: Client) -> None:
    finished_requests(a_tenant(), "r-1")
    user = User.objects.create_user("visitor", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_request"))
    client.force_login(user)
    page = client.get(f"{_LIST}37/change/?tenant=demo&request_id=r-1", follow=True)
    assert page.redirect_chain == [(_LIST, 302)]
    assert "Request 37 has ended, or was deleted" in page.content.decode()


@pytest.mark.parametrize(("model", "address"), [(Request, _LIST), (FinishedRequest, _FINISHED)])
def test_what_is_wide_scrolls_and_no_history_is_offered_that_nobody_wrote(
    admin_client: Client, model: type[Request | FinishedRequest], address: str
) -> None:
    tenant = a_tenant()
    requests(tenant, "r-1")
    finished_requests(tenant, "r-2")
    page = admin_client.get(f"{address}{every(model).get().pk}/change/").content.decode()
    assert ".readonly { min-width: 0; }" in page
    assert "historylink" not in page
