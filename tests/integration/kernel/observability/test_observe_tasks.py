"""Tasks of the jobs' workers are measured, named in the log, and known to have run."""

import logging

import pytest
from celery import Task

from regards_processing.celery import app
from regards_processing.kernel import clock
from regards_processing.kernel.observability.log_context import bound_facts
from regards_processing.kernel.observability.metrics import TASK_SECONDS
from regards_processing.kernel.observability.observed_task import ObservedTask
from regards_processing.kernel.observability.sweeps import last_runs
from regards_processing.kernel.tasks import relay_outbox

pytestmark = pytest.mark.django_db


def _task(name: str) -> "Task[..., object]":
    def run(text: str = "done") -> object:
        if text == "fail":
            raise ZeroDivisionError
        return bound_facts() if text == "facts" else text

    task: Task[..., object] = app.task(name=f"test.{name}")(run)
    return task


def _count(task: str, outcome: str) -> float:
    return next(
        sample.value
        for sample in TASK_SECONDS.labels(task, outcome)._child_samples()  # noqa: SLF001 (the library has no other reader)
        if sample.name == "_count"
    )


def test_it_observes_every_task_of_the_platform() -> None:
    assert isinstance(relay_outbox, ObservedTask)


def test_it_gives_back_what_the_task_returns_and_counts_the_run() -> None:
    task = _task("counted")
    assert task("something") == "something"
    assert (_count("test.counted", "done"), _count("test.counted", "failed")) == (1, 0)


def test_it_counts_a_failure_and_lets_it_through() -> None:
    task = _task("failing")
    with pytest.raises(ZeroDivisionError):
        task("fail")
    assert (_count("test.failing", "done"), _count("test.failing", "failed")) == (0, 1)


def test_it_names_the_task_in_every_log_line() -> None:
    assert _task("named")("facts") == {"task": "test.named"}


def test_it_notes_when_a_sweep_has_run() -> None:
    before = clock.now()
    relay_outbox()
    assert before <= last_runs()["regards_processing.kernel.tasks.relay_outbox"] <= clock.now()


def test_it_notes_nothing_of_tasks_that_are_not_scheduled() -> None:
    _task("unscheduled")()
    assert dict(last_runs()) == {}


def test_it_runs_the_task_as_celery_does(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    assert _task("traced").apply(args=("as usual",)).get() == "as usual"
    assert _count("test.traced", "done") == 1
