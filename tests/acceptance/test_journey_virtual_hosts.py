"""A platform whose broker has none of its virtual hosts yet."""

from collections.abc import Iterator
from dataclasses import replace

import pika
import pytest

from tests.acceptance.blueprint import Blueprint
from tests.acceptance.conftest import await_alive, connect_client
from tests.stack.environment import Servers, throw_away_name, with_path
from tests.stack.managed_vhosts import Office, open_office
from tests.stack.platform import Platform

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def office(servers: Servers) -> Iterator[Office]:
    """Give a management interface that makes virtual hosts."""
    with open_office(servers.broker_url or "") as opened:
        yield opened


@pytest.fixture
def nowhere(servers: Servers, blueprint: Blueprint, office: Office) -> Iterator[Platform]:
    """Give a platform that is set up, but for its virtual hosts."""
    tenants, instance = (
        with_path(servers.broker_url or "", throw_away_name(of)) for of in ("tenants", "instance")
    )
    told = {"INSTANCE_BROKER_URL": instance, "BROKER_MANAGEMENT_URL": office.url}
    with blueprint.opened(name="nowhere", variables=told) as usual:
        stack = replace(usual.stack, broker_url=tenants)
        with Platform(stack) as platform:
            yield platform


def test_it_works_where_two_managers_make_them(nowhere: Platform, office: Office) -> None:
    with nowhere.side_by_side():
        fleet = nowhere.start_fleet(["accept-echo"])
        first, second = nowhere.start_manager(), nowhere.start_manager()
    client = connect_client(nowhere.stack)
    await_alive(client, {"echo": b"{}"})
    client.close()
    parameters = pika.URLParameters(nowhere.stack.variables["INSTANCE_BROKER_URL"])
    pika.BlockingConnection(parameters).close()
    assert len(office.answers) == 2
    assert "broker.virtual_host_created" in first.output() + second.output()
    assert "Traceback" not in first.output() + second.output()
    assert (first.running, second.running, fleet.running) == (True, True, True)


def test_it_works_where_beat_and_jobs_make_them(nowhere: Platform, office: Office) -> None:
    with nowhere.side_by_side():
        beat, jobs = nowhere.start_beat(), nowhere.start_jobs()
    pika.BlockingConnection(pika.URLParameters(nowhere.stack.broker_url or "")).close()
    assert len(office.answers) == 1
    assert "broker.virtual_host_created" in beat.output() + jobs.output()
    assert "CRITICAL" not in beat.output() + jobs.output()
    assert (beat.running, jobs.running) == (True, True)
