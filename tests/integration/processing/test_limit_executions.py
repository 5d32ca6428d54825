"""Processes that let only some executions be with fleets at once, and quotas of tenants and users."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from regards_processing.processing.models import Batch, Execution, PluginConfiguration, Process
from regards_processing.processing.services.batches import BatchRefused
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.waiting import explain_execution
from regards_processing.processing.services.watch import end_overdue, look_after
from tests.factories.executions import (
    DATASET,
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
from worker_manager.models import Request

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant()


@pytest.fixture
def batch(tenant: Tenant) -> Batch:
    """Open a batch of a process that lets two executions be with fleets at once."""
    opened = a_batch(tenant, a_process(tenant, to_all=True))
    every(Process).update(max_concurrent=2)
    return opened


def _order(batch: Batch, *names: str, at: float = 0) -> None:
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, name) for name in names], at=later(at))


def _end(*names: str) -> None:
    with committing(execute=True):
        responses = [a_response(the_execution(name).pk, content=an_outcome()) for name in names]
        apply_responses(responses=responses, at=later(60))


def _sweep(at: float = 100) -> None:
    with committing(execute=True):
        look_after(at=later(at))


def _with_engine() -> list[str]:
    """Return which executions the engine knows."""
    known = every(Request).values_list("request_id", flat=True)
    return sorted(every(Execution).filter(pk__in=list(known)).values_list("correlation_id", flat=True))


def _results(broker: InMemoryBroker) -> dict[str, tuple[str, str]]:
    bodies = [json.loads(each.body) for each in broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)]
    return {body["executionCorrelationId"]: (body["finalStatus"], body["messages"][0]) for body in bodies}


def _one_by_one(batch: Batch, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        _order(batch, name, at=number)


def test_it_holds_executions_beyond_the_limit(batch: Batch, broker: InMemoryBroker) -> None:
    _one_by_one(batch, "abcd")
    assert _with_engine() == ["a", "b"]
    assert {name: the_execution(name).held for name in "bc"} == {"b": False, "c": True}
    assert set(every(Execution).values_list("status", flat=True)) == {"REGISTERED"}
    assert _results(broker) == {}


def test_it_gives_the_place_of_one_that_ended_to_whoever_was_held_longest(batch: Batch) -> None:
    _one_by_one(batch, "abcd")
    _end("b")
    assert _with_engine() == ["a", "b", "c"]
    _sweep()
    assert not the_execution("c").held
    assert the_execution("d").held


def test_it_lets_nobody_pass_who_is_held(batch: Batch) -> None:
    _one_by_one(batch, "abc")
    every(Process).update(max_concurrent=3)
    _order(batch, "d", at=9)
    assert _with_engine() == ["a", "b", "c"]


def test_it_holds_within_one_bulk_as_well(batch: Batch) -> None:
    _order(batch, "a", "b", "c")
    assert len(_with_engine()) == 2


def test_it_counts_a_cancelled_one_no_longer(batch: Batch, broker: InMemoryBroker) -> None:
    _one_by_one(batch, "abcd")
    for name in ("a", "c"):
        address = f"/api/v1/rs-processing/monitoring/executions/{the_execution(name).pk}/cancel"
        with committing(execute=True):
            assert client_as("ADMIN", tenant="demo").post(address).status_code == 204
    assert set(_results(broker)) == {"a", "c"}
    assert _with_engine() == ["b", "d"]
    assert not the_execution("c").held


def test_it_gives_places_that_a_raised_limit_makes(batch: Batch) -> None:
    _one_by_one(batch, "abcd")
    every(Process).update(max_concurrent=3)
    _sweep()
    assert _with_engine() == ["a", "b", "c"]
    every(Process).update(max_concurrent=0)
    _sweep()
    assert _with_engine() == ["a", "b", "c", "d"]


def test_it_reads_no_more_at_once_than_a_bulk_may(batch: Batch, settings: Settings) -> None:
    _one_by_one(batch, "abcdefg")
    every(Process).update(max_concurrent=100)
    size = len(json.dumps(the_execution("c").input_files))
    settings.BULK_MAX_BYTES = 2 * size + size // 2
    _end("a")
    assert _with_engine() == ["a", "b", "c", "d"]
    settings.BULK_MAX_BYTES = 1
    _end("b")
    assert _with_engine() == ["a", "b", "c", "d", "e"]
    with CaptureQueriesContext(connection) as captured:
        _sweep()
    assert _with_engine() == list("abcdefg")
    one_each = [query for query in captured if query["sql"].startswith('INSERT INTO "workermanager_request"')]
    assert len(one_each) == 2


def test_it_fails_what_can_no_longer_be_carried_out_when_its_turn_comes(
    batch: Batch, broker: InMemoryBroker
) -> None:
    _one_by_one(batch, "abcd")
    every(PluginConfiguration).update(active=False)
    _end("a")
    status, told = _results(broker)["c"]
    assert (status, "was deleted, or cannot be ordered now" in told) == ("FAILURE", True)
    _sweep()
    assert _results(broker)["d"][0] == "FAILURE"


def test_it_times_out_what_gets_no_place(batch: Batch, broker: InMemoryBroker, settings: Settings) -> None:
    settings.EXECUTION_START_TIMEOUT = 100
    _one_by_one(batch, "abc")
    every(Execution).filter(held=False).update(deadline_at=later(1000))
    with committing(execute=True):
        assert end_overdue(at=later(110)) == 1
    assert _results(broker) == {"c": ("TIMED_OUT", "No place was free for it within 100 s")}


def test_it_limits_each_process_by_itself(tenant: Tenant, batch: Batch) -> None:
    other = a_batch(tenant, a_process(tenant, "Other", to_all=True))
    _one_by_one(batch, "ab")
    _order(other, "x", "y", "z")
    assert _with_engine() == ["a", "b", "x", "y", "z"]


def test_it_makes_the_same_few_statements_for_any_number(
    batch: Batch, django_assert_max_num_queries: Any
) -> None:
    every(Process).update(max_concurrent=20)
    with django_assert_max_num_queries(36):
        _order(batch, *(f"e-{number:02}" for number in range(60)))
    first = every(Execution).filter(held=False).values_list("pk", flat=True)
    responses = [a_response(execution_id, content=an_outcome()) for execution_id in first]
    with django_assert_max_num_queries(36), committing(execute=True):
        apply_responses(responses=responses, at=later(60))
    assert every(Execution).filter(held=True).count() == 20


def test_it_says_why_an_execution_waits(batch: Batch) -> None:
    _one_by_one(batch, "abcd")
    held = the_execution("d").pk
    call_command("explain", str(held), "--tenant", "demo", stdout=(out := io.StringIO()))
    assert out.getvalue() == (
        f"{held}: REGISTERED\n"
        "  PROCESS_LIMIT: Process Crop lets 2 executions be with fleets at once: 2 are, "
        "and 1 more go before this one\n"
    )


def test_it_keeps_held_what_is_of_an_inactive_tenant(
    tenant: Tenant, batch: Batch, broker: InMemoryBroker
) -> None:
    _one_by_one(batch, "abcd")
    Tenant.objects.update(active=False)
    # Its answers come all the same.
    _end("a")
    _sweep()
    assert (_with_engine(), every(Execution).filter(held=True).count()) == (["a", "b"], 2)
    tenant.refresh_from_db()
    told = explain_execution(tenant=tenant, execution_id=the_execution("c").pk, at=later(101))
    assert [reason["code"] for reason in told.reasons] == ["TENANT_INACTIVE"]
    Tenant.objects.update(active=True)
    _sweep()
    assert _with_engine() == ["a", "b", "c"]
    assert set(_results(broker)) == {"a"}


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("a", 200, "NO_LIVE_WORKER"), ("c", 200, "PROCESS_LIMIT"), ("b", 409, None)],
)
def test_it_says_so_by_rest(name: str, status: int, code: str | None, batch: Batch) -> None:
    _one_by_one(batch, "abcd")
    _end("b")
    every(Execution).filter(correlation_id="c").update(held=True)
    address = f"/api/v1/rs-processing/monitoring/executions/{the_execution(name).pk}/reasons"
    answer = client_as("ADMIN", tenant="demo").get(address)
    assert answer.status_code == status
    reasons = answer.json().get("content", {}).get("reasons", [{"code": None}])
    assert reasons[0]["code"] == code


def _quota(tenant: Tenant, **values: int) -> None:
    for name, value in values.items():
        TenantSetting.objects.create(tenant=tenant, name=name, value=value)


def test_it_fails_executions_beyond_a_quota(tenant: Tenant, broker: InMemoryBroker) -> None:
    batch = a_batch(tenant, a_process(tenant, to_all=True))
    _quota(tenant, maxOpenExecutions=2, maxOpenInputBytesPerUser=512)
    _order(batch, "a", "b", "c")
    results = _results(broker)
    assert set(results) == {"b", "c"}
    assert "User ada@x.org may have 512 bytes of input on their way at once" in results["b"][1]
    _end("a")
    _order(batch, "d", at=70)
    assert the_execution("d").status == "REGISTERED"


def test_it_opens_no_batch_that_breaks_quotas(tenant: Tenant) -> None:
    process = a_process(tenant, to_all=True)
    _quota(tenant, maxOpenExecutions=3, maxOpenInputBytes=100)
    fileset = {"dataset": DATASET, "executionCount": 4, "totalBytes": 101}
    with pytest.raises(BatchRefused) as refused:
        a_batch(tenant, process, filesets={DATASET: fileset})
    assert [text.partition(" on ")[0] for text in refused.value.messages] == [
        "This tenant may have 3 executions",
        "This tenant may have 100 bytes of input",
    ]
    assert not every(Batch).exists()


def test_it_counts_only_what_is_of_the_tenant(tenant: Tenant, broker: InMemoryBroker) -> None:
    other = a_tenant(name="other")
    _quota(tenant, maxOpenExecutions=1)
    foreign = a_batch(other, a_process(other, to_all=True))
    _order(foreign, "x", "y")
    _order(a_batch(tenant, a_process(tenant, to_all=True)), "a")
    assert _results(broker) == {}
    assert every(Execution).filter(created=AT).count() == 3
