"""Tenants with a virtual host each, as in REGARDS' mode MULTI: clients and workers know no other one."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.acceptance import configuration
from tests.acceptance.amqp_client import ForeignWorker, Peer, RabbitClient
from tests.acceptance.blueprint import Blueprint
from tests.acceptance.participant import standard_headers
from tests.stack.environment import Servers, throw_away_name, with_path
from tests.stack.managed_vhosts import open_office
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess

pytestmark = pytest.mark.rabbitmq


_CREATED = "regards.broadcast.fr.cnes.regards.framework.amqp.event.tenant.TenantCreatedEvent"
_FLEET = ["-m", "celery", "-A", "workers", "worker", "-P", "solo", "-l", "INFO", "-n", "beyond@%h", "--types"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Multi:
    """A platform with a bridge."""

    platform: Platform
    manager: ManagedProcess
    bridge: ManagedProcess
    #: What the addresses of its tenants' virtual hosts begin with.
    hosts: str

    def url(self, tenant: str) -> str:
        return f"{self.hosts}.{tenant}"

    @contextmanager
    def client(self, tenant: str) -> Iterator[RabbitClient]:
        """Connect a client of a tenant, for the block."""
        connected = RabbitClient(self.url(tenant))
        yield connected
        connected.close()


@pytest.fixture(scope="module")
def multi(servers: Servers, blueprint: Blueprint) -> Iterator[Multi]:
    namespace = throw_away_name("multi")
    with open_office(servers.broker_url or "") as office:
        hosts = with_path(servers.broker_url or "", namespace)
        told = {
            "BROKER_MANAGEMENT_URL": office.url,
            "BROKER_NAMESPACE": namespace,
            "INSTANCE_BROKER_URL": f"{hosts}.instance.manager",
        }
        with blueprint.opened(name="multi", variables=told) as platform:
            with platform.side_by_side():
                manager = platform.start_manager()
                platform.start_jobs()
                platform.start_beat()
                # It reads both virtual hosts: a heartbeat before that is heard by nobody.
                joined = rf"(?s)(consuming \S+ \S+{namespace}\..*){{2}}"
                bridge = platform.start("bridge", ["manage.py", "bridge"], ready=joined)
                platform.start_fleet(["accept-echo", "accept-stamp-a"])
            yield Multi(platform=platform, manager=manager, bridge=bridge, hosts=hosts)


def _await_reading(process: ManagedProcess, virtual_host: str) -> None:
    """Wait until a process reads the virtual host of a tenant, or another one of the namespace."""
    deadline = time.monotonic() + 40
    while not re.search(rf"consuming \S+ \S+\.{virtual_host}\b", process.output()):
        assert time.monotonic() < deadline, process.tail()
        time.sleep(0.1)


def test_a_workflow_goes_through_fleets_and_workers_on_both_sides(multi: Multi) -> None:
    """The first step runs beside the manager, the second on a fleet and the third on a worker beyond."""
    multi.platform.start(
        "fleet",
        [*_FLEET, "accept-stamp-b"],
        ready=r" ready\.",
        variables={"BROKER_URL": multi.url("default")},
    )
    worker = ForeignWorker(multi.url("default"), "accept-stamp-c")
    with multi.client("default") as client, multi.client("second") as other:
        worker.beat()
        client.submit("both-sides", "three-steps", b'{"n":1}')
        request = worker.take()
        assert request.headers["regards.tenant"] == "default"
        assert b"b" in request.body
        worker.answer(request, status="SUCCESS", content=b"the end")
        responses = client.await_states("both-sides", "GRANTED", "GRANTED", "GRANTED", "SUCCESS", timeout=40)
        assert responses[-1].content == b"the end"
        other.listen()
        assert other.states("both-sides") == []
    worker.close()


def test_a_worker_beyond_rejects_a_request_and_the_client_hears_it(multi: Multi) -> None:
    worker = ForeignWorker(multi.url("default"), "foreign-rejecting")
    with multi.client("default") as client:
        worker.beat()
        client.submit("rejected-beyond", "foreign-rejecting")
        worker.reject_one()
        client.await_states("rejected-beyond", "GRANTED", "ERROR", timeout=40)
    worker.close()


def test_a_client_cannot_speak_for_the_tenant_of_another_virtual_host(multi: Multi) -> None:
    with multi.client("second") as client, multi.client("default") as named:
        client.submit("in-its-name", "echo", tenant="default")
        client.submit("in-its-own", "echo", tenant="second")
        # No worker type is configured for it, but it was heard.
        client.await_states("in-its-own", "DELAYED")
        named.listen()
        assert named.states("in-its-name") == []
    told = multi.platform.manage("dead_letters", "list", "--queue", "regards.DLQ")
    assert "regards.tenant is 'default', but the virtual host" in told
    with pytest.raises(subprocess.CalledProcessError) as caught:
        multi.platform.manage("dead_letters", "replay", "--queue", "regards.DLQ", "--request", "in-its-name")
    assert "There is no queue regards.refused." in caught.value.stdout


def test_a_tenant_that_regards_creates_gets_a_virtual_host_while_everything_runs(multi: Multi) -> None:
    _await_reading(multi.manager, "instance.manager")
    with Peer(multi.url("instance.manager")) as instance:
        instance.publish(
            exchange=_CREATED, headers={"regards.tenant": "instance"}, body=b'{"tenant":"third"}'
        )
    _await_reading(multi.bridge, "third")
    items = configuration.document([configuration.worker("accept-echo", "echo")])
    multi.platform.manage("import_configuration", "-", "--tenant", "third", stdin=items)
    with multi.client("third") as client:
        client.submit("third-1", "echo", b'{"of":"third"}', tenant="third")
        assert client.await_final("third-1", timeout=40).content == b'{"of":"third"}'


def test_nothing_is_lost_when_the_bridge_is_killed(multi: Multi) -> None:
    requests = [f"killed-{number}" for number in range(300)]
    with multi.client("default") as client:
        client.send_all((standard_headers(name, "echo"), b"{}") for name in requests)
        client.await_some(requests, count=20, timeout=40)
        multi.bridge.kill()
        multi.bridge.start()
        client.await_all(requests, timeout=60)
        assert {state for name in requests for state in client.states(name)} == {"GRANTED", "SUCCESS"}


def test_the_doctor_says_that_no_bridge_runs(multi: Multi) -> None:
    assert "virtual hosts of tenants let us in" in multi.platform.manage("doctor", "--only", "bridge")
    multi.bridge.terminate()
    with pytest.raises(subprocess.CalledProcessError) as caught:
        multi.platform.manage("doctor", "--only", "bridge")
    assert "no bridge runs" in caught.value.stdout
    assert "manage.py bridge --remove" in caught.value.stdout
    assert "messages were dropped" in multi.platform.manage("bridge", "--remove", "--drop-waiting")
    assert "All tenants share one virtual host" in multi.platform.manage("doctor", "--only", "bridge")
    multi.bridge.start()
