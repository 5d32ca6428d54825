"""Which statuses an order reaches: never one that is not up to operators."""

import pytest

from regards_processing.kernel.rest.filters import ValueRestriction
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.operators import excluding, including
from worker_manager.models import Request
from worker_manager.request_filter import RequestFilter
from worker_manager.services.orders import count_eligible
from worker_manager.states import UP_TO_OPERATORS, RequestStatus

pytestmark = pytest.mark.django_db


def test_it_knows_what_is_up_to_operators() -> None:
    assert {"ERROR", "INVALID_CONTENT", "NO_WORKER_AVAILABLE"} == UP_TO_OPERATORS


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (None, 3),
        (including("ERROR"), 1),
        (including("ERROR", "INVALID_CONTENT"), 2),
        (excluding(), 3),
        (excluding("ERROR"), 2),
        # As the contract has it: one status that is not up to operators, and all that are is meant.
        (including("RUNNING"), 3),
        (including("ERROR", "TO_DELETE"), 3),
        (excluding("DISPATCHED"), 3),
    ],
)
def test_it_counts_what_an_order_would_touch(statuses: ValueRestriction | None, expected: int) -> None:
    tenant = a_tenant()
    every(Request).bulk_create(
        Request(
            tenant=tenant,
            request_id=status,
            status=status,
            creation_date=AT,
            moved_at=AT,
            original_content=b"",
            digest=b"",
        )
        for status in RequestStatus
    )
    assert count_eligible(tenant=tenant, wanted=RequestFilter(statuses=statuses)) == expected
