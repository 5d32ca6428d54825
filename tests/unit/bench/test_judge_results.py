"""Medians, costs and goals follow from what was measured."""

import pytest

from bench.results import Latency, Results, Run, Throughput, goals


def _rate(per_second: float, *, cpu_ms: float = 1.0) -> Throughput:
    return Throughput(runs=[Run(count=100, seconds=100 / per_second, cpu={"manager": cpu_ms / 10})])


def _results(*, three_steps: float, memory: dict[int, int]) -> Results:
    return Results(
        reception_backlog=[1500.0, 2500.0, 9000.0],
        reception_stream=[1999.0],
        throughput={
            "3 steps": _rate(three_steps, cpu_ms=4.0),
            "chain, no results": _rate(100),
            "chain, results stored": _rate(20),
        },
        latency={"3 steps": Latency(count=200, p50=20.0, p95=61.0)},
        manager_memory=memory,
    )


def test_it_takes_the_median_of_the_repetitions() -> None:
    runs = [
        Run(count=10, seconds=seconds, cpu={"manager": 0.1, "fleet": 0.2}) for seconds in (1.0, 2.0, 50.0)
    ]
    throughput = Throughput(runs=runs)
    assert throughput.per_second == pytest.approx(5.0)
    assert throughput.cpu_ms == pytest.approx(30.0)
    assert throughput.cpu_ms_by_process() == pytest.approx({"manager": 10.0, "fleet": 20.0})


def test_it_reports_latency_in_milliseconds() -> None:
    latency = Latency.of([0.010] * 94 + [0.050] * 6)
    assert latency.count == 100
    assert latency.p50 == pytest.approx(10.0)
    assert latency.p95 == pytest.approx(50.0)


def test_it_judges_every_goal() -> None:
    met = {goal.name: goal.met for goal in goals(_results(three_steps=120.5, memory={10: 100, 100: 104}))}
    assert met == {
        "reception, waiting requests/s": True,
        "reception, arriving requests/s": False,
        "3 steps / bare chain with stored results": True,
        "3 steps / bare chain without results": True,
        "3 steps, CPU ms per request": True,
        "3 steps, lone request p50 ms": True,
        "3 steps, lone request p95 ms": False,
        "manager's peak memory, late / early": True,
    }


def test_it_misses_a_ratio_and_memory_that_grows() -> None:
    judged = goals(_results(three_steps=99, memory={10: 100, 100: 110}))
    missed = [goal.name for goal in judged if not goal.met]
    assert "3 steps / bare chain with stored results" in missed
    assert "3 steps / bare chain without results" in missed
    assert "manager's peak memory, late / early" in missed
