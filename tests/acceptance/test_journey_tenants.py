"""Two tenants on one platform."""

import pytest

from tests.acceptance import configuration
from tests.acceptance.amqp_client import RabbitClient
from tests.acceptance.conftest import Hire
from tests.acceptance.participant import Client
from tests.stack.platform import Platform


@pytest.mark.rabbitmq
def test_it_keeps_two_tenants_apart_that_use_the_same_ids(
    client: RabbitClient, hire: Hire, shared: Platform
) -> None:
    items = [configuration.worker("foreign-tenant", "tenant-echo")]
    for tenant in ("default", "second"):
        shared.manage("import_configuration", "-", "--tenant", tenant, stdin=configuration.document(items))
    worker = hire("foreign-tenant")
    worker.beat()
    client.submit("tenant-1", "tenant-echo", b'{"of":"default"}')
    client.submit("tenant-1", "tenant-echo", b'{"of":"second"}', tenant="second")
    requests = {one.headers["regards.tenant"]: one for one in (worker.take(), worker.take())}
    assert {tenant: one.body for tenant, one in requests.items()} == {
        "default": b'{"of":"default"}',
        "second": b'{"of":"second"}',
    }
    worker.answer(requests["second"], status="ERROR", messages=["only the second"])
    worker.answer(requests["default"], status="SUCCESS", content=b"only the first")
    client.await_states_in("default", "tenant-1", "GRANTED", "SUCCESS")
    client.await_states_in("second", "tenant-1", "GRANTED", "ERROR")


@pytest.mark.rabbitmq
def test_tenants_get_queues_of_their_own_and_share_one_again(
    client: RabbitClient, hire: Hire, shared: Platform
) -> None:
    tenants = ("default", "second")
    items = [configuration.worker("foreign-queue", "own-queue")]
    for tenant in tenants:
        shared.manage("import_configuration", "-", "--tenant", tenant, stdin=configuration.document(items))
    worker = hire("foreign-queue")
    worker.beat()
    try:
        told = shared.manage("request_queues", "tenant")
        assert told.startswith("each tenant has a queue of its own")
        for tenant in tenants:
            client.submit("own", "own-queue", tenant=tenant)
            worker.answer(worker.take(), status="SUCCESS")
    finally:
        told = shared.manage("request_queues", "shared")
    assert "all tenants share one queue" in told
    client.submit("together", "own-queue", tenant="second")
    worker.answer(worker.take(), status="SUCCESS")
    for tenant, request_id in (("default", "own"), ("second", "own"), ("second", "together")):
        client.await_states_in(tenant, request_id, "GRANTED", "SUCCESS")


def test_it_does_not_use_the_configuration_of_another_tenant(client: Client) -> None:
    client.submit("tenant-2", "echo", tenant="second")
    client.await_states("tenant-2", "DELAYED")
