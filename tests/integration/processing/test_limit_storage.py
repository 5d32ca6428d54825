"""Tenants that may keep only so many bytes of output files in the storage."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from regards_processing.processing import tasks
from regards_processing.processing.events.outputs_downloaded import OutputsDownloaded
from regards_processing.processing.measures import kept_outputs
from regards_processing.processing.models import Batch, Execution, KeptOutputs, OutputFile
from regards_processing.processing.services.batches import BatchRefused
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.kept_outputs import count_kept
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.outputs import delete_downloaded, note_downloads
from tests.factories.executions import (
    a_batch,
    a_response,
    an_execution_order,
    an_outcome,
    the_execution,
)
from tests.factories.processing import a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db

_FULL = (
    "This tenant may keep {most} bytes of output files: it keeps {kept} now, and nothing more is made before "
    "some are fetched and deleted."
)


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant()


@pytest.fixture
def batch(tenant: Tenant) -> Batch:
    return a_batch(tenant, a_process(tenant, to_all=True))


def _may_keep(tenant: Tenant, most: int) -> None:
    TenantSetting.objects.update_or_create(tenant=tenant, name="maxKeptOutputBytes", defaults={"value": most})


def _order(batch: Batch, *names: str, at: float = 0) -> None:
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, name) for name in names], at=later(at))


def _made(batch: Batch, name: str, *sizes: int, folder: Path = Path("/storage")) -> None:
    """Have an execution make files of these sizes."""
    _order(batch, name)
    files = [
        {"name": f"{number}", "url": f"file:{folder}/{name}-{number}", "size": size, "sha256": "a"}
        for number, size in enumerate(sizes)
    ]
    response = a_response(the_execution(name).pk, content=an_outcome(outputs=files))
    with committing(execute=True):
        apply_responses(responses=[response], at=later(10))


def _results(broker: InMemoryBroker) -> dict[str, tuple[str, str]]:
    bodies = [json.loads(each.body) for each in broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)]
    return {body["executionCorrelationId"]: (body["finalStatus"], body["messages"][0]) for body in bodies}


def test_it_fails_executions_at_once_when_a_tenant_keeps_what_it_may(
    tenant: Tenant, batch: Batch, broker: InMemoryBroker
) -> None:
    _made(batch, "a", 60, 40)
    _may_keep(tenant, 101)
    _order(batch, "b")
    assert the_execution("b").status == "REGISTERED"
    _may_keep(tenant, 100)
    _order(batch, "c", "d")
    told = ("FAILURE", _FULL.format(most=100, kept=100))
    assert {name: _results(broker)[name] for name in "cd"} == {"c": told, "d": told}
    assert the_execution("b").status == "REGISTERED"


def test_it_opens_no_batch_then(tenant: Tenant, batch: Batch) -> None:
    _made(batch, "a", 100)
    _may_keep(tenant, 99)
    process = a_process(tenant, "Other", to_all=True)
    with pytest.raises(BatchRefused) as refused:
        a_batch(tenant, process)
    assert refused.value.messages == (_FULL.format(most=99, kept=100),)


def test_it_says_so_by_rest(tenant: Tenant, batch: Batch) -> None:
    _made(batch, "a", 100)
    _may_keep(tenant, 100)
    body = {
        "correlationId": "order-2",
        "processBusinessId": str(batch.process_id),
        "tenant": tenant.name,
        "user": "ada@x.org",
        "userRole": "EXPLOIT",
        "parameters": {},
        "filesetsByDataset": {},
    }
    caller = client_as("PROJECT_ADMIN", tenant=tenant.name)
    answer = caller.post("/api/v1/rs-processing/batch", body, format="json")
    assert answer.status_code == 422
    assert answer.json()["messages"] == [_FULL.format(most=100, kept=100)]


def test_what_is_deleted_makes_room(tenant: Tenant, batch: Batch, settings: Settings, tmp_path: Path) -> None:
    settings.SHARED_STORAGE = tmp_path
    folder = tmp_path / "demo"
    folder.mkdir()
    _made(batch, "a", 60, 40, folder=folder)
    _may_keep(tenant, 50)
    note_downloads(downloads=[OutputsDownloaded(tenant="demo", urls=(f"file:{folder}/a-0",))])
    assert delete_downloaded() == 1
    _order(batch, "b")
    assert the_execution("b").status == "REGISTERED"


def test_orders_take_what_was_counted_last_for_a_while(tenant: Tenant, batch: Batch) -> None:
    _may_keep(tenant, 100)
    count_kept(at=later(20))
    _made(batch, "a", 100)
    _order(batch, "b", at=30)
    assert the_execution("b").status == "REGISTERED"
    count_kept(at=later(50))
    _order(batch, "c", at=60)
    assert the_execution("c").status == "FAILURE"


def test_orders_count_themselves_where_nobody_has_counted_for_long(tenant: Tenant, batch: Batch) -> None:
    _may_keep(tenant, 100)
    count_kept(at=later(20))
    _made(batch, "a", 100)
    _order(batch, "b", at=20 + 301)
    assert the_execution("b").status == "FAILURE"


def test_other_tenants_keep_for_themselves(tenant: Tenant, batch: Batch) -> None:
    _made(batch, "a", 100)
    other = a_tenant(name="other")
    for each in (tenant, other):
        _may_keep(each, 100)
    theirs = a_batch(other, a_process(other, to_all=True))
    _order(theirs, "theirs")
    assert the_execution("theirs").status == "REGISTERED"


def test_it_counts_all_tenants_in_few_statements(
    tenant: Tenant, batch: Batch, django_assert_max_num_queries: Any
) -> None:
    _made(batch, "a", 60, 40)
    _made(batch, "b", 7)
    every(OutputFile).filter(size=60).update(deleted=True)
    for number in range(5):
        a_tenant(name=f"other-{number}")
    assert tasks.count_kept_outputs() == every(Tenant).count() == every(KeptOutputs).count()
    every(OutputFile).filter(size=40).update(deleted=True)
    with django_assert_max_num_queries(5):
        count_kept(at=AT)
    kept = every(KeptOutputs).get(tenant=tenant)
    assert (kept.size, kept.counted_at) == (7, AT)
    assert set(every(KeptOutputs).exclude(tenant=tenant).values_list("size", flat=True)) == {0}


def test_it_costs_an_order_one_statement(
    tenant: Tenant, batch: Batch, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(36) as without:
        _order(batch, *(f"a-{number}" for number in range(20)))
    _may_keep(tenant, 100)
    count_kept(at=AT)
    with django_assert_num_queries(len(without) + 1):
        _order(batch, *(f"b-{number}" for number in range(20)), at=1)
    assert set(every(Execution).values_list("status", flat=True)) == {"REGISTERED"}


def test_it_tells_operators(tenant: Tenant, batch: Batch, admin_client: Client) -> None:
    _made(batch, "a", 100)
    _may_keep(tenant, 100)
    count_kept(at=AT)
    told = [notice.text for notice in admin_client.get("/admin/").context["notices"]]
    full = (
        "nothing more is executed: tenant demo keeps 100\xa0bytes of output files, 100\xa0bytes are allowed"
    )
    assert full in told
    _may_keep(tenant, 101)
    assert full not in [notice.text for notice in admin_client.get("/admin/").context["notices"]]


def test_it_measures_what_tenants_keep(tenant: Tenant, batch: Batch) -> None:
    _made(batch, "a", 100)
    count_kept(at=AT)
    (metric,) = kept_outputs(AT)
    samples = {sample.labels["tenant"]: sample.value for sample in metric.samples}
    assert samples[tenant.name] == 100
