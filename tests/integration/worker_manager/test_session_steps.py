"""What bulks counted becomes the steps of sessions, which the dashboard hears of."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.outbox.models import OutboxEntry
from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office
from tests.fakes.operators import delete
from tests.fakes.other_process import while_uncommitted
from tests.fakes.sessions import counters, fold, told
from worker_manager.models import SessionChange, SessionStep
from worker_manager.services.session_steps import fold_changes
from worker_manager.services.submission import submit_requests
from worker_manager.tasks import fold_session_changes


def _submit(*sessions: str) -> Callable[[], object]:
    """Return a manager's bulk with one request for each session."""
    bulk = [
        a_submission(f"{session}-{position}", session=session) for position, session in enumerate(sessions)
    ]
    return lambda: submit_requests(submissions=bulk, at=AT, max_bytes=99)


@pytest.mark.django_db
class TestFold:
    def test_it_tells_the_whole_step(self, engine: Engine) -> None:
        a_dispatched_request(engine)
        engine.submit(a_submission("r-2", content_type="unknown"))
        engine.answer(an_answer("SUCCESS"), at=later(7))
        fold(at=later(10))
        assert told(engine) == [
            {
                "stepId": "workers",
                "source": "acme",
                "session": "2025-06",
                "type": "ACQUISITION",
                "inputRelated": 2,
                "outputRelated": 1,
                "state": {"errors": 0, "waiting": 1, "running": 0},
                "properties": {
                    "workers.no_worker_available": "1",
                    "workers.requests": "2",
                    "workers.unzip-worker.dispatched": "0",
                    "workers.unzip-worker.done": "1",
                },
                "lastUpdateDate": "2025-06-01T12:00:07Z",
            }
        ]

    def test_it_tells_each_step_that_changed_once(self, engine: Engine) -> None:
        a_tenant()
        engine.submit(a_submission("r-1", session="one"), a_submission("r-2", session="two"))
        engine.submit(a_submission("r-3", session="two"))
        fold()
        engine.submit(a_submission("r-4", session="one"))
        fold()
        heard = [(step["session"], step["inputRelated"]) for step in told(engine)]
        assert heard == [("one", 1), ("two", 2), ("one", 2)]

    def test_it_tells_nothing_when_nothing_changed(self, engine: Engine) -> None:
        a_tenant()
        engine.submit(a_submission())
        assert (fold(), fold()) == (1, 0)
        assert len(told(engine)) == 1

    def test_it_names_the_tenant(self, engine: Engine) -> None:
        a_tenant(name="other", active=True)
        engine.submit(a_submission(tenant="other"))
        fold()
        assert engine.broker.published[-1].headers["regards.tenant"] == "other"

    def test_it_works_in_pages(self, engine: Engine, settings: Settings) -> None:
        settings.SWEEP_PAGE = 2
        a_tenant()
        for number in range(5):
            engine.submit(a_submission(f"r-{number}"))
        assert fold() == 5
        assert [step["inputRelated"] for step in told(engine)] == [2, 4, 5]
        assert not every(SessionChange).exists()

    def test_it_tells_that_a_session_is_empty_and_forgets_it(self, engine: Engine, office: Office) -> None:
        tenant = a_tenant()
        engine.submit(a_submission())
        fold()
        delete(office, tenant)
        fold()
        assert told(engine)[-1]["properties"] == {"workers.no_worker_available": "0", "workers.requests": "0"}
        assert not every(SessionStep).exists()

    def test_it_begins_anew_with_a_session_that_was_forgotten(self, engine: Engine, office: Office) -> None:
        tenant = a_tenant()
        engine.submit(a_submission())
        delete(office, tenant)
        engine.submit(a_submission())
        assert counters() == {"workers.requests": 1, "workers.no_worker_available": 1}

    def test_it_keeps_what_it_tells_while_the_broker_is_away(self, engine: Engine) -> None:
        a_tenant()
        engine.submit(a_submission())
        engine.broker.down = True
        fold()
        assert (told(engine), OutboxEntry.objects.count()) == ([], 1)

    def test_it_runs_as_a_sweep(self, engine: Engine) -> None:
        a_tenant()
        engine.submit(a_submission())
        assert fold_session_changes(unknown_later="ignored") == 1

    @pytest.mark.parametrize("count", [1, 10, 300])
    def test_it_costs_the_same_few_statements(self, engine: Engine, count: int) -> None:
        a_tenant()
        engine.submit(*(a_submission(f"r-{number}", session=f"s-{number}") for number in range(count)))
        fold()
        engine.submit(*(a_submission(f"t-{number}", session=f"s-{number}") for number in range(count)))
        with CaptureQueriesContext(connection) as captured:
            fold()
        statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
        locks = [sql for sql in statements if "pg_advisory" in sql]
        # Changes, steps, step update, deletion, tenants, outbox in and out; then an empty page.
        assert len(statements) - len(locks) == 7 + 1


@pytest.mark.usefixtures("engine")
@pytest.mark.django_db(transaction=True)
class TestSeveralManagers:
    def test_it_loses_nothing_when_two_sweeps_meet(self, settings: Settings) -> None:
        settings.SWEEP_PAGE = 1
        a_tenant()
        _submit("same")()
        with while_uncommitted(lambda: fold_changes(at=AT)) as other:
            _submit("same", "other")()
            fold_changes(at=AT)
        assert other.result() == 0
        assert counters("same")["workers.requests"] == 1

    @pytest.mark.postgres
    def test_it_lets_managers_count_for_one_session_at_once(self) -> None:
        a_tenant()
        theirs = [a_submission("theirs")]
        with while_uncommitted(lambda: submit_requests(submissions=theirs, at=AT, max_bytes=99)) as other:
            submit_requests(submissions=[a_submission("mine")], at=AT, max_bytes=99)
        assert (other.waited, counters()["workers.requests"]) == (False, 2)
