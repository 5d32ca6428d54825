"""What a manager remembers of places that tenants gave back."""

import pytest

from tests.factories.worker_manager import AT, later
from worker_manager.kept_places import KeptPlaces


@pytest.fixture
def kept() -> KeptPlaces:
    places = KeptPlaces()
    places.keep(worker_type="unzip-worker", tenant=1, count=2, until=later(1))
    places.keep(worker_type="unzip-worker", tenant=1, count=1, until=later(3))
    places.keep(worker_type="unzip-worker", tenant=2, count=1, until=later(2))
    return places


def _of(kept: KeptPlaces, seconds: float) -> dict[int, int]:
    return kept.of(worker_type="unzip-worker", at=later(seconds))


def test_it_keeps_each_until_its_time_is_over(kept: KeptPlaces) -> None:
    found = [_of(kept, seconds) for seconds in (0, 1, 1.5, 2, 2.5, 3, 3.5)]
    assert found == [{1: 3, 2: 1}, {1: 3, 2: 1}, {1: 1, 2: 1}, {1: 1, 2: 1}, {1: 1}, {1: 1}, {}]


def test_who_comes_back_takes_those_that_would_be_over_first(kept: KeptPlaces) -> None:
    kept.take(worker_type="unzip-worker", tenant=1, count=2)
    assert _of(kept, 2.5) == {1: 1}


@pytest.mark.parametrize("tenant", [1, 3])
def test_who_comes_back_with_more_takes_what_there_is(kept: KeptPlaces, tenant: int) -> None:
    kept.take(worker_type="unzip-worker", tenant=tenant, count=9)
    assert _of(kept, 0).get(tenant, 0) == 0
    assert _of(kept, 0)[2] == 1


def test_it_keeps_worker_types_apart(kept: KeptPlaces) -> None:
    kept.take(worker_type="sip-worker", tenant=1, count=3)
    assert kept.of(worker_type="sip-worker", at=AT) == {}
    assert _of(kept, 0) == {1: 3, 2: 1}
