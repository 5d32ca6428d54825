"""The page of a worker type tells how it did of late."""

from datetime import timedelta

import pytest
from django.test import Client

from regards_processing.kernel import clock
from tests.factories.history import a_trail, finished_requests
from tests.factories.worker_manager import a_tenant, a_worker_type

pytestmark = pytest.mark.django_db


def _page(client: Client, key: int) -> str:
    return client.get(f"/admin/worker_manager/workertype/{key}/change/").content.decode()


def test_it_tells_of_the_last_hour(admin_client: Client) -> None:
    worker, at = a_worker_type(tenant := a_tenant()), clock.now() - timedelta(seconds=1)
    finished_requests(tenant, "r-1", "r-2", "r-3", finished_at=at, trail=a_trail(at=at))
    finished_requests(tenant, "r-4", finished_at=at, trail=a_trail(at=at, outcome="ERROR"))
    told = "Last 1 h: 4 attempts ended (1 ERROR, 3 SUCCESS), 0.067 a minute, 25.0% errors; "
    assert f"{told}in queue p50 500 ms, p95 500 ms, at work p50 3.5 s, p95 3.5 s" in _page(
        admin_client, worker.pk
    )


def test_it_tells_that_nothing_ended(admin_client: Client) -> None:
    worker = a_worker_type(a_tenant())
    assert "Last 1 h: no attempt ended" in _page(admin_client, worker.pk)
