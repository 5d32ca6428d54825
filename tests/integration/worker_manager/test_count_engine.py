"""What the engine counts while it works."""

import pytest
from django.db import transaction
from prometheus_client import REGISTRY

from tests.factories.messages import a_dead_letter, a_submission, an_answer
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, a_workflow, later, live_workers
from tests.fakes.engine import Engine
from worker_manager.services.submission import submit_requests

pytestmark = pytest.mark.django_db


class _Counted:
    """What has been counted since this was made."""

    def __init__(self) -> None:
        self._before = self._now()

    def since(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the growth of each series of a counter that has grown."""
        return {
            labels: value - self._before.get((found, labels), 0)
            for (found, labels), value in self._now().items()
            if found == name and value != self._before.get((found, labels), 0)
        }

    @staticmethod
    def _now() -> dict[tuple[str, tuple[str, ...]], float]:
        return {
            (sample.name, tuple(sample.labels.values())): sample.value
            for metric in REGISTRY.collect()
            for sample in metric.samples
        }


def test_it_counts_what_comes_in_by_outcome(engine: Engine) -> None:
    a_worker_type(a_tenant(name="in", skipped=["noise"]))
    counted = _Counted()
    engine.submit(
        a_submission("r-1", tenant="in"),
        a_submission("r-2", tenant="in"),
        a_submission("r-2", tenant="in", redelivered=True),
        a_submission("r-3", tenant="in", content_type="noise"),
        a_submission("r-4", tenant="nobody"),
    )
    assert counted.since("regards_requests_received_total") == {
        ("in", "stored"): 2,
        ("in", "refused"): 1,
        ("", "repeated"): 1,
        ("", "dead_lettered"): 1,
    }


def test_it_counts_each_dispatch_and_each_end_of_a_workflow(engine: Engine) -> None:
    tenant = a_tenant(name="flow")
    a_worker_type(tenant)
    a_worker_type(tenant, worker_type="sip-worker", inputs=["tree"])
    a_workflow(tenant)
    live_workers("unzip-worker", "sip-worker")
    counted = _Counted()
    engine.submit(a_submission(tenant="flow", content_type="ingest"))
    engine.answer(an_answer(tenant="flow", content=b"{}"), at=later(3))
    engine.answer(an_answer(tenant="flow"), at=later(20))
    assert counted.since("regards_requests_dispatched_total") == {
        ("flow", "unzip-worker"): 1,
        ("flow", "sip-worker"): 1,
    }
    assert counted.since("regards_requests_finished_total") == {("flow", "SUCCESS", "sip-worker"): 1}
    assert counted.since("regards_request_seconds_sum") == pytest.approx({("sip-worker",): 20})
    assert counted.since("regards_answers_total") == {("SUCCESS", "applied"): 2}


def test_it_counts_answers_that_do_not_count(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(a_submission())
    counted = _Counted()
    engine.answer(an_answer(), an_answer(), an_answer("ERROR", request_id="nobody's"))
    assert counted.since("regards_answers_total") == {
        ("SUCCESS", "applied"): 1,
        ("SUCCESS", "dropped"): 1,
        ("ERROR", "dropped"): 1,
    }


def test_it_counts_requests_that_failed(engine: Engine) -> None:
    a_worker_type(a_tenant(name="bad"))
    live_workers("unzip-worker")
    engine.submit(a_submission("r-1", tenant="bad"), a_submission("r-2", tenant="bad"))
    counted = _Counted()
    engine.answer(an_answer("INVALID_CONTENT", request_id="r-1", tenant="bad"))
    engine.bury(a_dead_letter("r-2", tenant="bad"))
    assert counted.since("regards_requests_finished_total") == {
        ("bad", "INVALID_CONTENT", "unzip-worker"): 1,
        ("bad", "ERROR", "unzip-worker"): 1,
    }


def test_it_measures_how_long_requests_waited_for_a_worker(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    live_workers("unzip-worker", at=later(40))
    counted = _Counted()
    engine.redispatch(at=later(42))
    assert counted.since("regards_dispatch_delay_seconds_sum") == pytest.approx({("unzip-worker",): 42})


def test_it_counts_nothing_of_a_transaction_that_was_rolled_back() -> None:
    a_tenant()
    counted = _Counted()
    with transaction.atomic():
        submit_requests(submissions=[a_submission()], at=AT, max_bytes=1000)
        transaction.set_rollback(True)
    assert counted.since("regards_requests_received_total") == {}


def test_it_measures_the_steps_of_workflows(engine: Engine) -> None:
    a_workflow(a_tenant(name="steps"), steps={1: "measured-1", 2: "measured-2"})
    live_workers("measured-1", "measured-2")
    engine.submit(a_submission(tenant="steps", content_type="ingest"))
    counted = _Counted()
    engine.answer(an_answer(tenant="steps", content=b"1", run_seconds=2), at=later(5))
    engine.answer(an_answer("ERROR", tenant="steps"), at=later(9))
    assert counted.since("regards_step_queue_seconds_sum") == pytest.approx({("measured-1",): 3})
    assert counted.since("regards_step_run_seconds_sum") == pytest.approx({("measured-1",): 2})
