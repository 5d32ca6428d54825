"""Several managers at once: two real connections, one of which has not committed yet."""

import pytest

from regards_processing.processing.models import Batch, Execution, Process
from regards_processing.processing.services.cancellation import cancel_batch
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.watch import look_after
from tests.factories.audit import ADA
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.other_process import while_uncommitted

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
