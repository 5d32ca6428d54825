"""People of the admin read the audit trail, and nothing else."""

from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.audit.models import AuditEntry, Origin
from regards_processing.kernel.audit.services import Actor
from tests.factories.audit import some_entries

pytestmark = pytest.mark.django_db

_LIST = "/admin/audit/auditentry/"


def _shown(client: Client, **query: str) -> set[str]:
    """Return the targets on the first page of a list."""
    page = client.get(f"{_LIST}?{urlencode(query)}")
    assert page.status_code == 200
    return {entry.target for entry in page.context["cl"].result_list}


def _fill() -> None:
    some_entries("r-1", "r-2")
    grace = Actor(name="grace", origin=Origin.ADMIN)
    some_entries("dynamic", actor=grace, tenant=None, action="settings.updated")


@pytest.mark.parametrize(
    ("query", "targets"),
    [
        ({}, {"r-1", "r-2", "dynamic"}),
        ({"q": "gra"}, {"dynamic"}),
        ({"q": "request."}, {"r-1", "r-2"}),
        ({"q": "r-2"}, {"r-2"}),
        ({"q": "dem"}, {"r-1", "r-2"}),
        ({"q": "%"}, set()),
        ({"action": "settings.updated"}, {"dynamic"}),
        ({"tenant": "demo"}, {"r-1", "r-2"}),
        ({"origin__exact": "ADMIN"}, {"dynamic"}),
        ({"at__gte": "2026-06-02 00:00+00:00"}, set()),
    ],
)
def test_it_finds(admin_client: Client, query: dict[str, str], targets: set[str]) -> None:
    _fill()
    assert _shown(admin_client, **query) == targets


def test_it_offers_the_actions_and_tenants_that_there_are(admin_client: Client) -> None:
    _fill()
    specs = admin_client.get(_LIST).context["cl"].filter_specs
    assert [choice for _, choice in specs[0].lookup_choices] == ["request.retried", "settings.updated"]
    assert [choice for _, choice in specs[1].lookup_choices] == ["demo"]


def test_it_shows_the_details_so_that_people_can_read_them(admin_client: Client) -> None:
    some_entries("<b>r-1")
    page = admin_client.get(f"{_LIST}{AuditEntry.objects.get().pk}/change/").content.decode()
    assert "{\n  &quot;of&quot;: &quot;&lt;b&gt;r-1&quot;\n}" in page


@pytest.mark.parametrize("verb", ["change", "delete", "history"])
def test_it_changes_nothing(admin_client: Client, verb: str) -> None:
    some_entries("r-1")
    entry = AuditEntry.objects.get()
    answer = admin_client.post(f"{_LIST}{entry.pk}/{verb}/", {"actor": "nobody", "post": "yes"})
    assert answer.status_code in {200, 403}
    assert AuditEntry.objects.get().actor == "ada"


def test_it_offers_no_action(admin_client: Client) -> None:
    some_entries("r-1")
    assert 'name="action"' not in admin_client.get(_LIST).content.decode()
    assert admin_client.get(f"{_LIST}add/").status_code == 403


def test_it_asks_as_many_questions_for_many_entries_as_for_few(admin_client: Client) -> None:
    some_entries("r-1")
    with CaptureQueriesContext(connection) as few:
        admin_client.get(_LIST)
    some_entries(*(f"r-{number}" for number in range(2, 60)))
    with CaptureQueriesContext(connection) as many:
        admin_client.get(_LIST)
    assert len(many) == len(few)
