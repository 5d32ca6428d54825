"""What the engine measures in the database and at the broker."""

from collections.abc import Iterable
from contextlib import closing
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.core import Metric
from pytest_django import Settings

from regards_processing.kernel.amqp.connection import address_from_settings, declare, open_connection
from regards_processing.kernel.amqp.topology import (
    REQUEST_QUEUE,
    Topology,
    requests_of,
    service_topology,
    worker_topology,
)
from regards_processing.kernel.observability.health import Unfit
from tests.factories.audit import ADA
from tests.factories.messages import a_submission, an_answer, submissions
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, a_workflow, later, live_workers
from tests.fakes.engine import Engine
from worker_manager import health, measures
from worker_manager.models import PauseKind, Request
from worker_manager.services.pauses import pause
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

_DELETIONS = (
    "regards.broadcast.rs-worker-manager.fr.cnes.regards.framework.modules.session.commons.service.delete"
)
_EXECUTIONS = "regards.broadcast.rs-processing.fr.cnes.regards.modules.processing.service.handlers"


def _read(measured: Iterable[Metric], name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for metric in measured
        for sample in metric.samples
        if sample.name == name
    }


def test_it_counts_requests_by_tenant_status_and_type(engine: Engine) -> None:
    for tenant in ("demo", "other"):
        a_worker_type(a_tenant(name=tenant))
    engine.submit(a_submission("r-0"))
    live_workers("unzip-worker")
    engine.submit(a_submission("r-1"), a_submission("r-2"), a_submission("r-3", content_type="nobody's"))
    engine.submit(a_submission("r-1", tenant="other"))
    engine.answer(an_answer("ERROR", request_id="r-1"))
    assert _read(measures.requests(AT), "regards_requests") == {
        ("demo", "NO_WORKER_AVAILABLE", "unzip-worker"): 1,
        ("demo", "NO_WORKER_AVAILABLE", "unknown"): 1,
        ("demo", "DISPATCHED", "unzip-worker"): 1,
        ("demo", "ERROR", "unzip-worker"): 1,
        ("other", "DISPATCHED", "unzip-worker"): 1,
    }


def test_it_tells_requests_at_a_parallel_step_from_unknown_ones(engine: Engine) -> None:
    a_workflow(a_tenant(), steps={1: ("a", "b")})
    live_workers("a", "b")
    engine.submit(a_submission("r-1", content_type="ingest"), a_submission("r-2", content_type="nobody's"))
    assert _read(measures.requests(AT), "regards_requests") == {
        ("demo", "DISPATCHED", "parallel-step"): 1,
        ("demo", "NO_WORKER_AVAILABLE", "unknown"): 1,
    }


def test_it_measures_how_long_the_oldest_request_waits(engine: Engine) -> None:
    a_worker_type(a_tenant())
    for age in (100, 20):
        engine.submit(a_submission(f"r-{age}"), at=later(-age))
    live_workers("unzip-worker")
    engine.submit(a_submission("r-5"), at=later(-5))
    engine.submit(a_submission("r-9"), at=later(-9))
    engine.answer(an_answer("ERROR", request_id="r-9"), at=later(-8))
    assert _read(measures.requests(AT), "regards_request_waiting_seconds") == {
        ("NO_WORKER_AVAILABLE", "unzip-worker"): 100,
        ("DISPATCHED", "unzip-worker"): 5,
    }


def test_it_counts_in_two_statements_however_many_requests(engine: Engine) -> None:
    a_tenant()
    engine.submit(*(a_submission(f"r-{number}", content_type=f"t-{number}") for number in range(50)))
    with CaptureQueriesContext(
        connection,
    ) as statements:
        list(measures.requests(AT))
    assert len(statements) == 2


def test_it_measures_how_full_worker_types_are(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, max_in_flight=2)
    live_workers("unzip-worker", "free-worker")
    live_workers("dead-worker", at=later(-100))
    engine.submit(*submissions(5))
    pause(kind=PauseKind.CONTENT_TYPE, name="unzip", tenant=tenant, actor=ADA, at=AT)
    found = list(measures.flow(AT))
    assert _read(found, "regards_requests_in_flight") == {("unzip-worker",): 2, ("free-worker",): 0}
    assert _read(found, "regards_requests_held") == {("unzip-worker",): 3, ("free-worker",): 0}
    assert _read(found, "regards_requests_in_flight_limit") == {("unzip-worker",): 2}
    assert _read(found, "regards_pauses") == {("WORKER_TYPE",): 0, ("CONTENT_TYPE",): 1}


def test_it_adds_up_what_is_beyond_the_types_told_apart(engine: Engine, settings: Settings) -> None:
    settings.METRICS_MOST_TYPES = 2
    tenant = a_tenant()
    for worker_type, requests in (("a", 3), ("b", 2), ("c", 1), ("d", 1)):
        a_worker_type(tenant, worker_type=worker_type, inputs=[worker_type])
        live_workers(worker_type)
        engine.submit(
            *(a_submission(f"{worker_type}-{number}", content_type=worker_type) for number in range(requests))
        )
    assert _read(measures.requests(AT), "regards_requests") == {
        ("demo", "DISPATCHED", "a"): 3,
        ("demo", "DISPATCHED", "b"): 2,
        ("demo", "DISPATCHED", "other"): 2,
    }
    assert len(_read(measures.workers(AT), "regards_worker_instances")) == 2


def test_it_counts_the_workers_that_are_alive() -> None:
    live_workers("unzip-worker", worker_id="w-1", at=later(-59))
    live_workers("unzip-worker", worker_id="w-2", at=later(-10))
    live_workers("unzip-worker", worker_id="w-3", at=later(-61))
    live_workers("sip-worker", at=later(-300))
    found = list(measures.workers(AT))
    assert _read(found, "regards_worker_instances") == {("unzip-worker",): 2, ("sip-worker",): 0}
    assert _read(found, "regards_worker_heartbeat_age_seconds") == {
        ("unzip-worker",): 10,
        ("sip-worker",): 300,
    }


def test_it_measures_our_queues_and_those_of_every_type() -> None:
    a_worker_type(a_tenant(), worker_type="Configured")
    live_workers("heard")
    _declare("configured", "heard")
    found = {queue for (queue,) in _read(measures.queues(AT), "regards_queue_messages")}
    assert found == {
        "regards.DLQ",
        "regards.broadcast.rs-worker-manager.fr.cnes.regards.modules.workermanager.service.flow.RequestHandler",
        f"{_DELETIONS}.SessionDeleteEventHandler",
        f"{_DELETIONS}.SourceDeleteEventHandler",
        f"{_EXECUTIONS}.ExecutionRequestEventHandler",
        f"{_EXECUTIONS}.DownloadedOutputFileEventHandler",
        "regards.processing.execution.answer",
        "regards.processing.execution.cancel",
        "regards.jobs",
        "regards.worker.configured.request",
        "regards.worker.configured.task",
        "regards.worker.heard.request",
        "regards.worker.heard.task",
        "regards.worker.manager.answer",
        "regards.worker.manager.request.dlq",
        "regards.worker.manager.response",
        "regards.worker.manager.response.DLQ",
    }


@pytest.mark.rabbitmq
def test_it_measures_the_queues_of_tenants_requests() -> None:
    a_tenant(name="own", own_request_queue=True)
    a_tenant(name="shared")
    a_tenant(name="é" * 100, own_request_queue=True)
    own = requests_of("own")
    opened = open_connection(address=address_from_settings())
    with closing(opened):
        declare(opened.channel(), Topology(queues=(own,)))
        found = _read(measures.queues(AT), "regards_queue_messages")
        channel: Any = opened.channel()
        channel.queue_delete(own.name)
    assert [queue for (queue,) in found if queue.startswith(f"{REQUEST_QUEUE}.")] == [own.name]


def _declare(*worker_types: str) -> None:
    opened = open_connection(address=address_from_settings())
    declare(opened.channel(), sum(map(worker_topology, worker_types), service_topology("test")))
    jobs: Any = opened.channel()
    jobs.queue_declare(queue="regards.jobs", durable=True, auto_delete=False)
    opened.release()


def test_it_passes_while_nothing_is_overdue(engine: Engine) -> None:
    _postpone(engine, seconds=100)
    assert health.dispatch(later(150)) == "No request is overdue"


def test_it_fails_when_a_request_is_overdue(engine: Engine) -> None:
    _postpone(engine, seconds=100)
    with pytest.raises(Unfit, match="due for 61 s, the limit is 60"):
        health.dispatch(later(161))


def _postpone(engine: Engine, *, seconds: float) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(a_submission())
    engine.answer(an_answer("RETRY_LATER", retry_after=seconds))
    waiting = Request.objects.across_tenants(because="there is one").get()
    assert waiting.status == RequestStatus.TO_DISPATCH


def test_it_passes_before_any_worker_was_heard() -> None:
    assert health.heartbeats(AT) == "0 workers are heard"


def test_it_passes_while_a_worker_is_heard() -> None:
    live_workers("a", at=later(-59))
    live_workers("b", at=later(-600))
    assert health.heartbeats(AT) == "1 workers are heard"


def test_it_fails_when_all_workers_have_fallen_silent() -> None:
    live_workers("a", "b", at=later(-60))
    with pytest.raises(Unfit, match="No worker has been heard for 60 s"):
        health.heartbeats(AT)
