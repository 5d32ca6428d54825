"""The dashboard deletes a session, or a source with all its sessions."""

import json
from typing import Any

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.testing import inbound
from regards_processing.kernel.audit.models import AuditEntry, Origin
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, later, live_workers
from tests.fakes.engine import Engine, committing
from tests.fakes.jobs_office import Office
from tests.fakes.sessions import counted, counters, fold, there_are, told
from worker_manager.consumers.session_deleted import SessionDeletedConsumer, SourceDeletedConsumer
from worker_manager.models import Request, SessionStep

pytestmark = pytest.mark.django_db

_PROCESSING = topology.PROCESSING_OWNER
_SESSIONS, _SOURCES = SessionDeletedConsumer(), SourceDeletedConsumer()


def _event(*, tenant: str = "demo", redelivered: bool = False, **fields: object) -> Inbound:
    return inbound(
        headers={"regards.tenant": tenant},
        body=json.dumps(fields).encode(),
        redelivered=redelivered,
        properties={"timestamp": int(AT.timestamp())},
    )


def _feed(engine: Engine, consumer: BatchConsumer[Any], *events: Inbound) -> None:
    with committing(execute=True):
        engine.broker.feed(consumer, events)


def _waiting(engine: Engine, *sessions: tuple[str, str]) -> None:
    """Store one request that waits in each session; its id is made of the two names."""
    a_tenant()
    engine.submit(
        *(a_submission(f"{source}/{name}", owner=source, session=name) for source, name in sessions)
    )


def _left() -> set[str]:
    return set(every(Request).values_list("request_id", flat=True))


_NEIGHBOURS = [
    ("acme", "s1"),
    ("acme", "s10"),
    ("acme", "S1"),
    ("acme-lab", "s1"),
    ("acme", "s_"),
    ("acme", ""),
]


def test_it_deletes_exactly_the_session(engine: Engine, office: Office) -> None:
    _waiting(engine, *_NEIGHBOURS)
    _feed(engine, _SESSIONS, _event(source="acme", session="s1"))
    office.run_sent()
    assert _left() == {f"{source}/{name}" for source, name in _NEIGHBOURS[1:]}


@pytest.mark.parametrize("session", ["s_", ""])
def test_it_takes_no_name_for_a_pattern(engine: Engine, office: Office, session: str) -> None:
    _waiting(engine, *_NEIGHBOURS)
    _feed(engine, _SESSIONS, _event(source="acme", session=session))
    office.run_sent()
    assert len(_left()) == len(_NEIGHBOURS) - 1
    assert f"acme/{session}" not in _left()


def test_it_deletes_all_sessions_of_exactly_the_source(engine: Engine, office: Office) -> None:
    _waiting(engine, *_NEIGHBOURS)
    _feed(engine, _SOURCES, _event(source="acme"))
    office.run_sent()
    assert _left() == {"acme-lab/s1"}
    assert counters("s1", source="acme-lab")["workers.requests"] == 1
    assert every(SessionStep).count() == 1


def test_it_forgets_what_has_ended_and_counts_what_goes_on(engine: Engine, office: Office) -> None:
    a_worker_type(a_tenant(), keep_errors=False)
    live_workers("unzip-worker")
    engine.submit(*(a_submission(f"r-{number}") for number in range(4)), a_submission("r-4", session="other"))
    engine.answer(
        an_answer(request_id="r-0"),
        an_answer("ERROR", request_id="r-1"),
        an_answer("RUNNING", request_id="r-2"),
    )
    _feed(engine, _SESSIONS, _event(source="acme", session="2025-06"))
    office.run_sent()
    assert counters() == {
        "workers.requests": 2,
        "workers.unzip-worker.dispatched": 1,
        "workers.unzip-worker.running": 1,
    }
    step = every(SessionStep).get(session="2025-06")
    assert (step.input_related, step.output_related, step.errors, step.running) == (2, 0, 0, 2)
    assert every(Job).get().outcome == {"forgotten": 2}
    assert counters("other")["workers.requests"] == 1


def test_it_tells_the_dashboard_that_a_finished_session_is_empty(engine: Engine, office: Office) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(a_submission())
    engine.answer(an_answer())
    fold()
    _feed(engine, _SESSIONS, _event(source="acme", session="2025-06"))
    office.run_sent()
    fold()
    assert (told(engine)[-1]["inputRelated"], set(told(engine)[-1]["properties"].values())) == (0, {"0"})
    assert not every(SessionStep).exists()


def test_it_works_in_pages(engine: Engine, office: Office, settings: Settings) -> None:
    settings.SWEEP_PAGE = 2
    _waiting(engine, *(("acme", f"s{number}") for number in range(5)))
    fold()
    _feed(engine, _SOURCES, _event(source="acme"))
    office.run_sent()
    job = every(Job).get()
    assert (job.state, job.done, job.total, job.outcome["deleted"]) == (JobState.SUCCEEDED, 5, 5, 5)
    assert (counted(), every(SessionStep).count()) == ({}, 0)


def test_it_names_the_event_in_the_audit_trail(engine: Engine, office: Office) -> None:  # noqa: ARG001 (takes the jobs)
    _waiting(engine)
    _feed(engine, _SESSIONS, _event(source="acme", session="s1"))
    entry = AuditEntry.objects.get(action="sessions.delete")
    assert (entry.actor, entry.origin, entry.tenant) == ("SessionDeleteEvent", "MESSAGE", "demo")
    assert entry.details["filter"] == {
        "source": {"text": "acme", "matchMode": "STRICT"},
        "session": {"text": "s1", "matchMode": "STRICT"},
    }


def test_it_means_no_later_requests_when_a_message_comes_again(engine: Engine, office: Office) -> None:
    _waiting(engine, ("acme", "s1"))
    _feed(engine, _SESSIONS, _event(source="acme", session="s1"))
    office.run_sent()
    engine.submit(a_submission("later", session="s1"), at=later(60))
    _feed(engine, _SESSIONS, _event(source="acme", session="s1", redelivered=True))
    office.run_sent()
    assert _left() == {"later"}
    assert counters("s1") == {"workers.requests": 1, "workers.no_worker_available": 1}
    assert counted() == there_are()


def test_it_keeps_a_bad_message_and_takes_its_neighbours(engine: Engine, office: Office) -> None:
    _waiting(engine, ("acme", "s1"), ("acme", "s2"))
    a_tenant(name="asleep", active=False)
    _feed(
        engine,
        _SESSIONS,
        _event(source="acme", session="s1"),
        _event(source=7, session="s1"),
        _event(tenant="asleep", source="acme", session="s1"),
        _event(source="acme", session="s2"),
    )
    office.run_sent()
    assert _left() == set()
    reasons = {letter.headers["x-exception-message"] for letter in engine.broker.published_to("regards.DLX")}
    assert reasons == {"There is no active tenant asleep", "source must be a string without NUL, got 7"}


def test_it_leaves_other_tenants_alone(engine: Engine, office: Office) -> None:
    _waiting(engine, ("acme", "s1"))
    a_tenant(name="other")
    engine.submit(a_submission("theirs", tenant="other", session="s1"))
    _feed(engine, _SOURCES, _event(source="acme"))
    office.run_sent()
    assert _left() == {"theirs"}
    assert counters("s1", tenant="other")["workers.requests"] == 1


def test_it_forgets_what_a_release_before_counted_of_executions(engine: Engine, office: Office) -> None:
    a_tenant()
    engine.submit(a_submission("gone", owner="acme", session="batch"))
    engine.submit(a_submission("r", owner=_PROCESSING), origin=Origin.PLATFORM)
    fold()
    every(SessionStep).update(source=_PROCESSING)
    _feed(engine, _SOURCES, _event(source=_PROCESSING))
    office.run_sent()
    assert (counted(), _left()) == ({}, {"gone", "r"})
