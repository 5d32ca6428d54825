"""`manage.py request_queues` tells in which queues requests wait, and changes it."""

import io

import pytest
from django.core.management import CommandError, call_command

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.services import create_tenants
from tests.factories.audit import NOON
from tests.factories.worker_manager import a_tenant
from tests.integration.kernel.doctor.operator_tools import Operator

pytestmark = pytest.mark.django_db


def _run(*arguments: str) -> list[str]:
    call_command("request_queues", *arguments, stdout=(out := io.StringIO()))
    return out.getvalue().splitlines()


@pytest.mark.embedded
def test_on_the_embedded_broker_all_share_one_queue() -> None:
    assert _run()[0] == "all tenants share one queue"
    assert _run("shared")[:2] == ["0 requests were moved", "all tenants share one queue"]
    with pytest.raises(CommandError, match="need RabbitMQ: set BROKER_URL"):
        _run("tenant")


@pytest.mark.rabbitmq
def test_it_switches_and_moves_what_waits(operator: Operator) -> None:
    a_tenant(name="Demo")
    a_tenant(name="Idle", active=False)
    # Nothing can be called so, in bytes: its requests are in the queue of all.
    a_tenant(name="é" * 100)
    assert _run("tenant") == ["each tenant has a queue of its own", f"{topology.REQUEST_QUEUE}: 0 waiting"]
    own = topology.requests_of("Demo").name
    operator.channel.queue_declare(own, durable=True, arguments=topology.requests_of("Demo").arguments)
    operator.fill(own, ["{}", "{}"])
    assert _run()[2:] == [f"{own}: 2 waiting"]
    assert _run("shared") == [
        "2 requests were moved",
        "all tenants share one queue",
        f"{topology.REQUEST_QUEUE}: 2 waiting",
    ]
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "requests.sorted_by_tenant",
        "requests.kept_together",
    ]


@pytest.mark.rabbitmq
def test_a_new_tenant_gets_what_the_others_have(operator: Operator) -> None:  # noqa: ARG001 (its broker)
    a_tenant(name="First")
    for kind, own in (("tenant", True), ("shared", False)):
        _run(kind)
        create_tenants(names=[f"after-{kind}"], actor=command_actor(), at=NOON)
        assert Tenant.objects.get(name=f"after-{kind}").own_request_queue is own
