"""Tenants that come and go in REGARDS come and go here."""

import json

import pytest

from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy.consumers import TenantConsumer
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_EVENTS = "regards.broadcast.fr.cnes.regards.framework.amqp.event.tenant"
CREATED, DELETED = f"{_EVENTS}.TenantCreatedEvent", f"{_EVENTS}.TenantDeletedEvent"


def _event(exchange: str, body: object) -> Inbound:
    told = {"regards.tenant": "instance"}
    return Inbound(queue="q", exchange=exchange, routing_key="", headers=told, body=json.dumps(body).encode())


def _tell(*events: tuple[str, object]) -> list[str]:
    """Give a bulk to the consumer; return why messages died."""
    broker = InMemoryBroker()
    broker.feed(TenantConsumer(), [_event(exchange, body) for exchange, body in events])
    return [str(copy.headers["x-exception-message"]) for copy in broker.published]


def _tenants() -> dict[str, bool]:
    return dict(Tenant.objects.order_by("name").values_list("name", "active"))


def test_a_new_one_is_created_once() -> None:
    for _ in range(2):
        assert _tell((CREATED, {"tenant": "cnes"}), (CREATED, {"tenant": "esa"})) == []
    assert _tenants() == {"cnes": True, "esa": True}
    entries = AuditEntry.objects.order_by("pk").values_list("action", "tenant", "actor", "origin")
    assert list(entries) == [("tenant.created", name, "instance", "MESSAGE") for name in ("cnes", "esa")]


def test_one_that_is_no_more_sleeps_until_it_is_there_again() -> None:
    a_tenant(name="cnes")
    _tell((DELETED, {"tenant": "cnes"}), (DELETED, {"tenant": "another platform's"}))
    assert _tenants() == {"cnes": False}
    _tell((CREATED, {"tenant": "cnes"}))
    assert _tenants() == {"cnes": True}


@pytest.mark.parametrize(("events", "active"), [((CREATED, DELETED), False), ((DELETED, CREATED), True)])
def test_what_was_told_last_holds(events: tuple[str, str], active: bool) -> None:  # noqa: FBT001 (pytest)
    a_tenant(name="cnes")
    _tell(*((event, {"tenant": "cnes"}) for event in events))
    assert _tenants() == {"cnes": active}


def test_what_makes_no_sense_dies_and_its_neighbours_do_not() -> None:
    reasons = _tell(
        (CREATED, {"tenant": "a/b"}),
        (CREATED, {"tenant": 7}),
        (CREATED, []),
        ("", {"tenant": "direct"}),
        (CREATED, {"tenant": "good"}),
    )
    assert [reason.partition(" must")[0] for reason in reasons] == [
        "Tenant name 'a/b'",
        "tenant",
        "Body",
        "It came by '', which says nothing of tenants",
    ]
    assert _tenants() == {"good": True}
