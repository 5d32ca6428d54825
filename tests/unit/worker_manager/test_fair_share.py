"""Free places are shared out so that the smallest part is as big as can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_manager.fair_share import shares


@pytest.mark.parametrize(
    ("free", "in_flight", "supply", "expected"),
    [
        (4, {}, {1: None, 2: None}, {1: 2, 2: 2}),
        (4, {1: 3}, {1: None, 2: None}, {1: 1, 2: 3}),
        (2, {1: 9}, {1: None, 2: None}, {1: 0, 2: 2}),
        (5, {}, {1: None, 2: 1}, {1: 4, 2: 1}),
        (9, {}, {1: 2, 2: 3}, {1: 2, 2: 3}),
        (3, {7: 4}, {1: None}, {1: 3}),
        (3, {}, {1: 0, 2: None}, {1: 0, 2: 3}),
        (0, {}, {1: None}, {1: 0}),
        (3, {}, {}, {}),
    ],
)
def test_it_gives_each_place_to_the_tenant_with_the_fewest(
    free: int, in_flight: dict[int, int], supply: dict[int, int | None], expected: dict[int, int]
) -> None:
    assert shares(free=free, in_flight=in_flight, supply=supply) == expected


_COUNTS = st.dictionaries(st.integers(1, 5), st.integers(0, 20), max_size=5)


@given(free=st.integers(0, 40), in_flight=_COUNTS, supply=_COUNTS)
def test_it_wastes_no_place_and_is_fair(free: int, in_flight: dict[int, int], supply: dict[int, int]) -> None:
    given_places = shares(free=free, in_flight=in_flight, supply=dict(supply))
    after = {tenant: in_flight.get(tenant, 0) + given_places[tenant] for tenant in supply}
    hungry = [after[tenant] for tenant in supply if given_places[tenant] < supply[tenant]]
    fed = [after[tenant] for tenant in supply if given_places[tenant]]
    assert sum(given_places.values()) == min(free, sum(supply.values()))
    assert max(fed, default=0) <= min(hungry, default=100) + 1
