"""What a flood costs others, compared with the figures to reach."""

import pytest

from bench.flood.measuring import Flood
from bench.results import Latency


def _flood(*, held: float, own: float) -> Flood:
    return Flood(
        work=0.1,
        usual=Latency(count=50, p50=120.0, p95=150.0),
        held=Latency(count=50, p50=held, p95=400.0),
        shared=Latency(count=50, p50=900.0, p95=3000.0),
        own=Latency(count=50, p50=own, p95=400.0),
        shared_rate=2000.0,
        own_rate=1500.0,
        done=19.0,
        most=20.0,
    )


@pytest.mark.parametrize(
    ("held", "own", "met"),
    [(240.0, 240.0, (True, True)), (241.0, 200.0, (False, True)), (200.0, 241.0, (True, False))],
)
def test_a_request_takes_at_most_twice_as_long_as_usually(
    held: float, own: float, met: tuple[bool, bool]
) -> None:
    goals = _flood(held=held, own=own).goals()
    assert [goal.reached for goal in goals] == [held / 120, own / 120]
    assert tuple(goal.met for goal in goals) == met
    assert [goal.name.partition(":")[0] for goal in goals] == ["work of 0.1 s", "work of 0.1 s"]
