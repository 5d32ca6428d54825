"""Requests that were stored before sessions were counted are counted by the migration."""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.factories.requests import requests
from tests.factories.worker_manager import a_tenant
from tests.fakes.sessions import counted, counters, there_are

_NAME = "0006_count_stored_requests"


@pytest.mark.django_db
def test_it_counts_what_is_there() -> None:
    tenant = a_tenant()
    requests(tenant, "r-1", "r-2")
    requests(tenant, "r-3", session="other", status="NO_WORKER_AVAILABLE", dispatched_worker_type=None)
    requests(a_tenant(name="theirs"), "r-1", status="RUNNING")
    apps = MigrationExecutor(connection).loader.project_state(("worker_manager", _NAME)).apps
    import_module(f"worker_manager.migrations.{_NAME}").count_stored_requests(apps, None)
    assert counted() == there_are()
    assert counters() == {"workers.requests": 2, "workers.unzip-worker.error": 2}
