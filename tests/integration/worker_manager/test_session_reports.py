"""What managers of the reference count for sessions counts with what ours do."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.testing import inbound
from regards_processing.kernel.inbox.models import HandledMessage
from regards_processing.kernel.inbox.services import forget_handled
from regards_processing.kernel.tasks import forget_handled_messages
from tests.factories.messages import a_submission
from tests.factories.worker_manager import a_tenant
from tests.fakes.engine import Engine, committing
from tests.fakes.sessions import counters, fold, told
from worker_manager.consumers.session_count_reported import SessionCountReportedConsumer

pytestmark = pytest.mark.django_db

_DONE = "workers.unzip-worker.done"


def _report(
    value: str = "1",
    *,
    kind: str = "INC",
    name: str = "workers.requests",
    state: str = "INFO",
    tenant: str = "demo",
    date: int = 0,
    redelivered: bool = False,
) -> Inbound:
    info = {
        "stepType": "ACQUISITION",
        "state": state,
        "property": name,
        "value": value,
        "inputRelated": name == "workers.requests",
        "outputRelated": name == _DONE,
    }
    step = {"stepId": "workers", "source": "acme", "session": "2025-06", "stepPropertyInfo": info}
    body = {"date": f"2025-06-01T12:00:{date:02d}Z", "type": kind, "stepProperty": step}
    return inbound(
        headers={"regards.tenant": tenant},
        body=json.dumps(body).encode(),
        queue="Q9",
        redelivered=redelivered,
        properties={"timestamp": 1_748_779_200},
    )


def _feed(engine: Engine, *messages: Inbound, tenant: str = "demo") -> list[str]:
    """Deliver a bulk; return why messages were kept as dead letters, of all bulks so far."""
    with committing(execute=True):
        engine.broker.feed(SessionCountReportedConsumer(tenant=tenant), messages)
    return [
        str(letter.headers["x-exception-message"]) for letter in engine.broker.published_to("regards.DLX")
    ]


def test_it_adds_to_what_our_managers_count_and_tells_the_dashboard(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission())
    _feed(
        engine,
        _report("3"),
        _report("2", name=_DONE, state="SUCCESS"),
        _report(name="workers.no_worker_available", state="WAITING", kind="DEC"),
    )
    fold()
    step = told(engine)[-1]
    assert (step["inputRelated"], step["outputRelated"], step["state"]["waiting"]) == (4, 2, 0)
    assert step["properties"] == {
        "workers.requests": "4",
        _DONE: "2",
        "workers.no_worker_available": "0",
    }


def test_it_counts_a_message_once_that_comes_again_after_a_crash(engine: Engine) -> None:
    a_tenant()
    _feed(engine, _report("3"))
    _feed(engine, _report("3", redelivered=True), _report("5", date=1, redelivered=True))
    assert counters() == {"workers.requests": 8}
    assert _feed(engine, _report("5", date=1, redelivered=True)) == []
    assert counters() == {"workers.requests": 8}


def test_it_counts_reports_that_are_alike_when_each_comes_for_the_first_time(engine: Engine) -> None:
    a_tenant()
    _feed(engine, _report(), _report())
    _feed(engine, _report())
    assert counters() == {"workers.requests": 3}


def test_it_keeps_a_bad_message_and_counts_its_neighbours(engine: Engine) -> None:
    a_tenant()
    reasons = _feed(engine, _report(), _report("none"), _report(tenant="other"), _report(date=1))
    assert counters() == {"workers.requests": 2}
    assert [reason.split(",")[0] for reason in reasons] == [
        "value must be a whole number as text",
        "Header regards.tenant must be that of the queue",
    ]


def test_it_keeps_what_comes_for_a_tenant_that_went_to_sleep_and_counts_it_later(engine: Engine) -> None:
    tenant = a_tenant(active=False)
    assert _feed(engine, _report()) == ["There is no active tenant demo"]
    tenant.active = True
    tenant.save()
    _feed(engine, _report(redelivered=True))
    assert counters() == {"workers.requests": 1}


def test_it_forgets_what_will_not_come_again(engine: Engine) -> None:
    a_tenant()
    _feed(engine, _report())
    (handled,) = HandledMessage.objects.values_list("handled_at", flat=True)
    kept = timedelta(days=1)
    assert forget_handled_messages(unknown_later="ignored") == 0
    assert forget_handled(at=handled + kept, kept=kept) == 0
    assert forget_handled(at=handled + kept + timedelta(seconds=1), kept=kept) == 1


def test_it_forgets_page_by_page(engine: Engine, settings: Settings) -> None:
    settings.SWEEP_PAGE = 2
    a_tenant()
    _feed(engine, *(_report(date=second) for second in range(5)))
    assert forget_handled(at=clock.now() + timedelta(seconds=1), kept=timedelta(0)) == 5
    assert not HandledMessage.objects.exists()


def test_it_costs_the_same_few_statements_however_many_there_are(engine: Engine) -> None:
    a_tenant()
    with CaptureQueriesContext(connection) as captured:
        _feed(engine, *(_report(date=second) for second in range(50)))
    # The tenant, the inbox, the change.
    assert len([query for query in captured if "SAVEPOINT" not in query["sql"]]) == 3
    assert counters() == {"workers.requests": 50}
