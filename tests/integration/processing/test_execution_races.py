"""Several managers at once: two real connections, one of which has not committed yet."""

from collections.abc import Callable

import pytest

from regards_processing.kernel.configuration import lock
from regards_processing.kernel.db.locks import one_at_a_time
from regards_processing.kernel.db.transactions import transaction
from regards_processing.processing import queries
from regards_processing.processing.models import Batch, Execution, Process
from regards_processing.processing.services.cancellation import ExecutionNames, cancel_batch, cancel_ordered
from regards_processing.processing.services.configuration_import import forget_processes
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.outputs import forget_batches
from regards_processing.processing.services.processes import ProcessInUse, delete_process
from regards_processing.processing.services.retries import retry_execution
from regards_processing.processing.services.watch import look_after
from tests.factories.audit import ADA
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, later, live_workers
from tests.fakes.other_process import while_uncommitted
from worker_manager.models import InputContentType, Request, WorkerType
from worker_manager.queries import locked_requests
from worker_manager.services.dropped import Dropped

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


@pytest.fixture
def batch() -> Batch:
    """Open a batch of a process that lets one execution be with fleets at once."""
    tenant = a_tenant()
    opened = a_batch(tenant, a_process(tenant, to_all=True))
    every(Process).update(max_concurrent=1)
    return opened


def _order(batch: Batch, name: str) -> None:
    order_executions(orders=[an_execution_order(batch, name)], at=AT)


def _end(name: str) -> None:
    response = a_response(the_execution(name).pk, content=an_outcome())
    apply_responses(responses=[response], at=later(10))


def _delete(batch: Batch) -> None:
    delete_process(tenant=batch.tenant, process_id=batch.process_id, actor=ADA, at=later(7200))


def _forget(_batch: Batch) -> int:
    return forget_batches(at=later(1_000_000))


def _reset(batch: Batch) -> list[str]:
    with transaction():
        return forget_processes(tenant=batch.tenant, at=later(7200))


def test_it_gives_one_place_once(batch: Batch) -> None:
    with while_uncommitted(lambda: _order(batch, "theirs")) as other:
        _order(batch, "ours")
    other.result()
    assert {name: the_execution(name).held for name in ("ours", "theirs")} == {"ours": False, "theirs": True}


def test_it_leaves_nobody_held_when_the_last_one_ends_meanwhile(batch: Batch) -> None:
    _order(batch, "first")
    with while_uncommitted(lambda: _end("first")) as other:
        _order(batch, "second")
    other.result()
    assert not the_execution("second").held


def test_it_cancels_what_is_being_ordered_while_its_batch_is_cancelled(batch: Batch) -> None:
    def cancel() -> int:
        return cancel_batch(tenant=batch.tenant, batch_id=batch.pk, actor=ADA, at=later(1))

    with while_uncommitted(cancel) as other:
        _order(batch, "ours")
    other.result()
    look_after(at=later(2))
    assert every(Execution).get().status == "CANCELLED"


def test_it_cancels_an_order_that_is_being_stored(batch: Batch) -> None:
    named = ExecutionNames(batch_ids=[batch.pk], correlation_ids=["ours"])

    def cancel() -> int:
        return cancel_ordered(tenant=batch.tenant, executions=named, actor=ADA, at=later(1))

    with while_uncommitted(cancel) as other:
        _order(batch, "ours")
    assert other.result() == 1
    assert the_execution("ours").status == "CANCELLED"


def test_it_cancels_while_the_engine_takes_answers(batch: Batch) -> None:
    live_workers("run-process")
    every(WorkerType).update(max_in_flight=5)
    _order(batch, "first")
    _order(batch, "held")
    named = ExecutionNames(ids=[the_execution("first").pk])

    def cancel() -> int:
        return cancel_ordered(tenant=batch.tenant, executions=named, actor=ADA, at=later(1))

    # Answers take rows of requests first, then the lock of the places of their worker type.
    with while_uncommitted(cancel, then=lambda: one_at_a_time("in flight run-process")) as other:
        locked_requests(keys=[(batch.tenant_id, str(the_execution("first").pk))])
    assert other.result() == 1
    assert not the_execution("held").held


def test_it_deletes_no_process_that_is_being_ordered(batch: Batch) -> None:
    _order(batch, "first")
    _end("first")
    with while_uncommitted(lambda: _delete(batch)) as other:
        _order(batch, "ours")
    with pytest.raises(ProcessInUse):
        other.result()
    assert {name: the_execution(name).status for name in ("first", "ours")} == {
        "first": "SUCCESS",
        "ours": "REGISTERED",
    }
    assert every(Process).exists()


def test_it_resets_no_process_that_is_being_ordered(batch: Batch) -> None:
    with while_uncommitted(lambda: _reset(batch)) as other:
        _order(batch, "ours")
    assert other.result() == [str(ProcessInUse(batch.process_id))]
    assert every(Execution).get().status == "REGISTERED"
    assert every(Process).exists()


def test_it_forgets_no_batch_that_is_being_ordered_of(batch: Batch) -> None:
    _order(batch, "first")
    _end("first")
    a_batch(batch.tenant, queries.process(tenant=batch.tenant, process_id=batch.process_id))
    with while_uncommitted(lambda: _forget(batch)) as other:
        _order(batch, "ours")
    # The neighbour goes.
    assert other.result() == 1
    assert every(Batch).get() == batch
    assert every(Execution).count() == 2


def test_it_keeps_what_is_tried_again_while_it_is_forgotten(batch: Batch) -> None:
    _order(batch, "first")
    response = a_response(the_execution("first").pk, content=an_outcome("FAILURE"))
    apply_responses(responses=[response], at=later(10))
    first = the_execution("first").pk
    with while_uncommitted(lambda: _forget(batch)) as other:
        retry_execution(tenant=batch.tenant, execution_id=first, actor=ADA, at=later(999_999))
    assert other.result() == 0
    assert every(Execution).count() == 2


@pytest.mark.parametrize("drop", [_delete, _forget], ids=["process deleted", "batch forgotten"])
def test_it_refuses_what_is_ordered_of_a_batch_that_is_being_dropped(
    drop: Callable[[Batch], object], batch: Batch
) -> None:
    def order() -> list[Dropped]:
        return order_executions(orders=[an_execution_order(batch)], at=AT)

    with while_uncommitted(order) as other:
        drop(batch)
    assert [dropped.reason for dropped in other.result()] == [f"Batch uuid not found: {batch.pk}"]
    assert not every(Execution).exists()
    assert not every(Request).exists()


def test_the_first_batch_waits_for_a_change_of_the_configuration() -> None:
    tenant = a_tenant()
    process = a_process(tenant, to_all=True)
    with while_uncommitted(lambda: a_batch(tenant, process)) as other:
        lock.hold(tenant)
        a_worker_type(tenant, worker_type="run-process", inputs=["mine"], max_in_flight=3)
    other.result()
    routed = every(InputContentType).get(content_type="process-execution").worker_type
    assert (routed.worker_type, routed.max_in_flight) == ("run-process", 3)
    assert every(InputContentType).filter(content_type="mine").exists()
