"""Measures of database and broker: kept, bounded in time, and each for itself."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from prometheus_client.core import GaugeMetricFamily, Metric
from pytest_django import Settings

from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.observability import measures, sweeps
from regards_processing.kernel.observability.collector import Measures
from regards_processing.kernel.observability.metrics import MEASURE_FAILURES
from regards_processing.kernel.outbox.models import OutboxEntry
from tests.factories.worker_manager import AT, later

pytestmark = pytest.mark.django_db


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Give what a measure waits for in vain."""
    event = threading.Event()
    yield event
    event.set()


class _Counting:
    """A measure that counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self, _at: datetime) -> list[Metric]:
        self.reads += 1
        return [GaugeMetricFamily("reads", "How often", value=self.reads)]


def _values(found: list[Metric]) -> dict[str, float]:
    return {sample.name: sample.value for metric in found for sample in metric.samples}


def test_it_reads_a_measure_once_however_many_ask() -> None:
    counting = _Counting()
    collected = Measures({"counting": counting})
    assert [_values(collected.collect(at=AT)) for _ in range(3)] == [{"reads": 1}] * 3
    assert counting.reads == 1


def test_it_reads_again_when_the_measure_is_old(settings: Settings) -> None:
    settings.METRICS_CACHE = 0
    collected = Measures({"counting": _Counting()})
    assert [_values(collected.collect(at=AT)) for _ in range(2)] == [{"reads": 1}, {"reads": 2}]


def test_it_leaves_out_what_fails_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_at: datetime) -> list[Metric]:
        raise ZeroDivisionError

    caplog.set_level(logging.WARNING)
    failures = MEASURE_FAILURES.labels("broken")
    collected = Measures({"broken": broken, "counting": _Counting()})
    for _ in range(3):
        assert _values(collected.collect(at=AT)) == {"reads": 1}
    assert [record.message for record in caplog.records] == ["measure failed"]
    assert failures._value.get() == 3  # noqa: SLF001 (the library has no other reader)


def test_it_does_not_wait_for_what_hangs(settings: Settings, never: threading.Event) -> None:
    settings.METRICS_TIMEOUT = 0.3

    def hang(_at: datetime) -> list[Metric]:
        never.wait(20)
        return []

    collected = Measures({"hanging": hang, "too": hang, "counting": _Counting()})
    for _ in range(2):
        started = time.monotonic()
        assert _values(collected.collect(at=AT)) == {"reads": 1}
        assert time.monotonic() - started < 0.7


def test_it_leaves_the_database_alone_after_a_long_reading(settings: Settings) -> None:
    settings.METRICS_CACHE = 0
    counting = _Counting()

    def long(at: datetime) -> list[Metric]:
        time.sleep(0.6)
        return counting(at)

    quick = _Counting()
    collected = Measures({"long": long, "quick": quick})
    for _ in range(3):
        collected.collect(at=AT)
    assert (counting.reads, quick.reads) == (1, 3)


@pytest.mark.postgres
def test_it_ends_statements_that_nobody_waits_for(settings: Settings) -> None:
    settings.METRICS_TIMEOUT = 0.3

    def slow(_at: datetime) -> list[Metric]:
        from django.db import connection  # noqa: PLC0415 (that of the thread)

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")
        return []

    collected = Measures({"slow": slow})
    started = time.monotonic()
    assert collected.collect(at=AT) == []
    (measure,) = collected._measures  # noqa: SLF001 (its thread is what this is about)
    with pytest.raises(Exception, match="statement timeout"):
        measure.run.begin(AT).result(timeout=5)
    assert time.monotonic() - started < 5


def test_it_measures_an_empty_outbox() -> None:
    found = _values(list(measures.outbox(AT)))
    assert found == {"regards_outbox_entries": 0, "regards_outbox_age_seconds": 0}


def test_it_measures_what_waits_in_the_outbox() -> None:
    for age in (5, 30):
        OutboxEntry.objects.create(created_at=later(-age), message_count=10, messages=b"")
    found = _values(list(measures.outbox(AT)))
    assert found == {"regards_outbox_entries": 2, "regards_outbox_age_seconds": 30}


def test_it_measures_the_age_of_each_sweep_that_ran() -> None:
    assert [metric.samples for metric in measures.sweeps(AT)] == [[]]
    sweeps.note_run(task="regards_processing.kernel.tasks.relay_outbox", at=later(-7))
    sweeps.note_run(task="regards_processing.kernel.tasks.relay_outbox", at=later(-4))
    (metric,) = measures.sweeps(AT)
    (sample,) = metric.samples
    assert (sample.labels, sample.value) == ({"task": "regards_processing.kernel.tasks.relay_outbox"}, 4)


def _job(state: JobState, *, kind: str = "retry") -> None:
    Job.objects.create(
        kind=kind, parameters={}, state=state, priority=0, asked_by="ada", origin="REST", created_at=AT
    )


def test_it_counts_jobs_by_kind_and_state_and_by_the_names_of_the_reference() -> None:
    for state in (JobState.RUNNING, JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.FAILED):
        _job(state)
    _job(JobState.PENDING, kind="delete")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in measures.jobs(AT)
        for sample in metric.samples
    }
    assert found == {
        ("regards_jobs", "retry", "RUNNING"): 1,
        ("regards_jobs", "retry", "SUCCEEDED"): 2,
        ("regards_jobs", "retry", "FAILED"): 1,
        ("regards_jobs", "delete", "PENDING"): 1,
        ("regards_job_creation_count", "retry"): 4,
        ("regards_job_creation_count", "delete"): 1,
        ("regards_job_done_count", "retry"): 3,
        ("regards_job_done_count", "delete"): 0,
        ("regards_running_job_count", "retry"): 1,
        ("regards_running_job_count", "delete"): 0,
    }
