"""Which queues a manager reads for a tenant."""

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.consumers import consumers_of_tenant

_LONGEST_OF_COUNTS = 255 - len(topology.session_counts("").name)
_LONGEST_OF_REQUESTS = 255 - len(topology.requests_of("").name)


def _read(name: str, *, active: bool = True, own_queue: bool = True) -> list[str]:
    tenant = Tenant(name=name, active=active, own_request_queue=own_queue)
    return [each.queue.name for each in consumers_of_tenant(tenant=tenant)]


def test_it_reads_requests_and_counters() -> None:
    assert _read("Demo") == [topology.requests_of("Demo").name, topology.session_counts("Demo").name]


def test_it_reads_no_requests_of_a_tenant_that_shares_the_queue_of_all() -> None:
    assert _read("demo", own_queue=False) == [topology.session_counts("demo").name]


def test_it_reads_requests_of_an_inactive_tenant_to_refuse_them() -> None:
    assert _read("demo", active=False) == [topology.requests_of("demo").name]


@pytest.mark.parametrize(
    ("letters", "queues"),
    [(_LONGEST_OF_COUNTS, 2), (_LONGEST_OF_COUNTS + 1, 1), (_LONGEST_OF_REQUESTS + 1, 0)],
)
def test_it_reads_no_queue_whose_name_would_be_too_long(letters: int, queues: int) -> None:
    assert _LONGEST_OF_COUNTS < _LONGEST_OF_REQUESTS
    # Bytes count, and this one has two.
    name = "é" * (letters // 2) + "e" * (letters % 2)
    assert len(_read(name)) == queues
