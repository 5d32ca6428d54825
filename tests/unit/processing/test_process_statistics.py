"""Executions of processes, taken together."""

from dataclasses import replace
from uuid import UUID

from regards_processing.processing.process_statistics import EndedExecution, OpenCount, statistics_of
from worker_manager.attempt_statistics import Percentiles

_ONE, _TWO = UUID(int=1), UUID(int=2)
_ENDED = EndedExecution(
    process_id=_ONE,
    process_name="Crop",
    status="SUCCESS",
    run_duration=1000,
    expected_duration=500,
    output_size=30,
    expected_size=60,
)


def test_it_compares_what_succeeded_with_its_forecasts() -> None:
    slow = replace(_ENDED, run_duration=3000, output_size=90)
    failed = replace(_ENDED, status="FAILURE", run_duration=99_000)
    (found,) = statistics_of(open_ones=[], ended=[_ENDED, slow, failed])
    assert found.ended == {"FAILURE": 1, "SUCCESS": 2}
    assert (found.run_time, found.expected_time) == (
        Percentiles(p50=1000, p95=3000),
        Percentiles(p50=500, p95=500),
    )
    assert (found.duration_ratio, found.size_ratio) == (4.0, 1.0)


def test_it_says_nothing_of_what_nobody_knows() -> None:
    unseen = replace(_ENDED, run_duration=None, output_size=None)
    without_forecast = replace(_ENDED, expected_duration=0, expected_size=0)
    (nothing,) = statistics_of(open_ones=[], ended=[unseen])
    assert (nothing.run_time, nothing.duration_ratio, nothing.size_ratio) == (None, None, None)
    (half,) = statistics_of(open_ones=[], ended=[without_forecast])
    assert (half.run_time, half.duration_ratio) == (Percentiles(p50=1000, p95=1000), None)


def test_it_counts_open_ones_of_each_process() -> None:
    open_ones = [
        OpenCount(process_id=_TWO, process_name="Cut", status="REGISTERED", held=True, count=3),
        OpenCount(process_id=_TWO, process_name="Cut", status="REGISTERED", held=False, count=2),
        OpenCount(process_id=_TWO, process_name="Cut", status="RUNNING", held=False, count=1),
    ]
    crop, cut = statistics_of(open_ones=open_ones, ended=[_ENDED])
    assert (crop.process_name, crop.open_ones, crop.held) == ("Crop", {}, 0)
    assert (cut.open_ones, cut.held, cut.ended) == ({"REGISTERED": 5, "RUNNING": 1}, 3, {})
