"""Two people with the same page open: nobody's change is lost, and nobody sees an error page."""

from collections.abc import Callable

import pytest
from django.test import Client

from regards_processing.kernel.configuration.modules import module_of
from regards_processing.kernel.configuration.named_items import Items, delete_item, replace_item
from regards_processing.kernel.rest.services import RS_WORKER_MANAGER
from tests.factories.audit import ADA
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type
from tests.fakes.other_process import while_uncommitted
from worker_manager.configuration import worker_items
from worker_manager.models import InputContentType, WorkerType

pytestmark = pytest.mark.django_db(transaction=True)

_NAME = "unzip-worker"


@pytest.fixture
def items() -> Items:
    tenant = a_tenant()
    a_worker_type(tenant)
    module = module_of(RS_WORKER_MANAGER)
    return Items(module=module, kind=module.named_kind(worker_items.KEY), tenant=tenant)


@pytest.fixture
def send(items: Items, admin_client: Client) -> Callable[[], str]:
    """Open the page of a worker type; return what sends it back, changed, and reads the answer."""
    address = f"/admin/worker_manager/workertype/{every(WorkerType).get().pk}/change/"
    seen = admin_client.get(address).context["form"].initial["seen"]
    body = {"tenant": items.tenant.pk, "seen": seen, "contentTypeInputs": "theirs"}

    def sent() -> str:
        return admin_client.post(address, body, follow=True).content.decode()

    return sent


def test_it_loses_no_change(items: Items, send: Callable[[], str]) -> None:
    ours = {"contentTypeInputs": ["ours"]}
    with while_uncommitted(send) as other:
        replace_item(items=items, name=_NAME, value=ours, actor=ADA, at=AT)
    assert "Somebody else has changed it since you opened this page" in other.result()
    assert [entry.content_type for entry in every(InputContentType)] == ["ours"]


def test_it_tells_that_it_was_deleted(items: Items, send: Callable[[], str]) -> None:
    with while_uncommitted(send) as other:
        delete_item(items=items, name=_NAME, force=False, actor=ADA, at=AT)
    assert f"There is no worker type {_NAME}" in other.result()
    assert not every(WorkerType).exists()
