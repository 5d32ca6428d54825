"""Two people with the same page open: nobody's change is lost, and nobody sees an error page."""

from collections.abc import Callable

import pytest
from django.test import Client

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Process
from regards_processing.processing.services.processes import delete_process, switch_process
from tests.factories.audit import ADA
from tests.factories.processing import NEEDED, a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.other_process import while_uncommitted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

_LIST = "/admin/processing/process/"


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant()


@pytest.fixture
def send(tenant: Tenant, admin_client: Client) -> Callable[[], str]:
    """Open the page of a process; return what sends it back, renamed, and reads the answer."""
    a_process(tenant, "Crop", to_all=True)
    address = f"{_LIST}{_stored().pk}/change/"
    values = {f"value.{name}": value for name, value in NEEDED.items()}
    seen = admin_client.get(address).context["form"].initial["seen"]
    body = {"tenant": tenant.pk, "label": "Cut", "role": "EXPLOIT", "active": "on", "seen": seen, **values}

    def sent() -> str:
        return admin_client.post(address, body, follow=True).content.decode()

    return sent


def _stored() -> Process:
    found: Process = every(Process).select_related("configuration").get()
    return found


def test_it_loses_no_change(tenant: Tenant, send: Callable[[], str]) -> None:
    process_id = _stored().process_id
    with while_uncommitted(send) as other:
        assert switch_process(tenant=tenant, process_id=process_id, active=False, actor=ADA, at=AT)
    assert "Somebody else has changed it since you opened this page" in other.result()
    assert (_stored().configuration.label, _stored().configuration.active) == ("Crop", False)


def test_it_tells_that_it_was_deleted(tenant: Tenant, send: Callable[[], str]) -> None:
    process_id = _stored().process_id
    with while_uncommitted(send) as other:
        delete_process(tenant=tenant, process_id=process_id, actor=ADA, at=AT)
    assert f"Rights for plugin with UUID {process_id} not found" in other.result()
    assert not every(Process).exists()
