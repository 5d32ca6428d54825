import pytest

from bench.flood.measuring import Flood
from bench.results import Latency


@pytest.mark.parametrize(("held", "met"), [(240.0, True), (241.0, False)])
def test_it_compares_what_a_tenant_waits_with_what_it_usually_does(held: float, met: bool) -> None:  # noqa: FBT001
    flood = Flood(
        work=0.1,
        usual=Latency(count=10, p50=120.0, p95=900.0),
        held=Latency(count=10, p50=held, p95=900.0),
        longest_arriving=3000.0,
        arriving=60.0,
        done=19.0,
        most=20.0,
    )
    goal = flood.goal()
    assert (goal.name, goal.met) == ("work of 0.1 s: during a flood / usually, p50", met)
    assert goal.reached == pytest.approx(held / 120)
