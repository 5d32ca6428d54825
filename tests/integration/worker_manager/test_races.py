"""Several managers at once: two real connections, one of which has not committed yet."""

import pytest
from pytest_django import Settings

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.outbox.models import OutboxEntry
from tests.factories.configuration_files import a_worker, import_items
from tests.factories.messages import a_beat, a_dead_letter, a_submission, an_answer, nameless, submissions
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.worker_manager import (
    AT,
    a_tenant,
    a_worker_type,
    a_workflow,
    later,
    live_workers,
    the_request,
)
from tests.fakes.engine import Engine
from tests.fakes.other_process import while_uncommitted
from worker_manager.models import Branch, Request, WorkerInstance, Workflow
from worker_manager.services.answers import apply_answers
from worker_manager.services.dead_letters import fail_dead_requests
from worker_manager.services.liveness import record_heartbeats
from worker_manager.services.rescue import rescue_silent
from worker_manager.services.submission import submit_requests
from worker_manager.services.waiting import redispatch_waiting
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_stores_an_id_once_and_refuses_the_other_client(engine: Engine) -> None:
    a_tenant()
    mine, theirs = a_submission(content=b'{"n":1}'), a_submission(content=b'{"n":2}')
    with while_uncommitted(lambda: submit_requests(submissions=[theirs], at=AT, max_bytes=99)) as other:
        submit_requests(submissions=[mine], at=AT, max_bytes=99)
    assert [len(other.result().stored), len(other.result().refused)] == [0, 1]
    assert the_request().body == b'{"n":1}'
    assert sorted(engine.states()) == [("r-1", "DELAYED"), ("r-1", "SKIPPED")]


def test_it_is_silent_when_another_manager_takes_the_same_delivery(engine: Engine) -> None:
    a_tenant()
    again = a_submission(redelivered=True)
    with while_uncommitted(lambda: submit_requests(submissions=[again], at=AT, max_bytes=99)) as other:
        submit_requests(submissions=[a_submission()], at=AT, max_bytes=99)
    assert (other.result().repeated, engine.states()) == (1, [("r-1", "DELAYED")])


def test_it_takes_the_neighbours_of_an_id_that_was_taken(engine: Engine) -> None:
    a_tenant()
    three = submissions(3)
    with while_uncommitted(lambda: submit_requests(submissions=three, at=AT, max_bytes=99)) as other:
        submit_requests(submissions=three[1:2], at=AT, max_bytes=99)
    assert [request.request_id for request in other.result().stored] == ["r-0", "r-2"]
    assert len(engine.states()) == 4


def test_it_finishes_a_request_once(engine: Engine) -> None:
    a_dispatched_request(engine)
    answers = [an_answer("SUCCESS")]
    with while_uncommitted(lambda: apply_answers(answers=answers, at=AT)) as other:
        apply_answers(answers=answers, at=AT)
    assert len(other.result()) == 1
    assert engine.states() == [("r-1", "SUCCESS")]


def test_it_advances_a_workflow_once(engine: Engine) -> None:
    request = a_dispatched_workflow(engine)
    answers = [an_answer("SUCCESS", content=b"1", dispatch_id=request.dispatch_id)]
    with while_uncommitted(lambda: apply_answers(answers=answers, at=AT)) as other:
        apply_answers(answers=answers, at=AT)
    assert len(other.result()) == 1
    assert (the_request().step_number, len(engine.dispatches())) == (2, 1)


def test_it_advances_once_when_a_nameless_answer_is_given_to_another_manager(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    answer = an_answer("SUCCESS", content=b"1")
    again = [nameless(answer, again=True)]
    with while_uncommitted(lambda: apply_answers(answers=again, at=AT)) as other:
        apply_answers(answers=[nameless(answer)], at=AT)
    assert len(other.result()) == 1
    assert (the_request().step_number, len(engine.dispatches())) == (2, 1)


def test_it_begins_a_round_of_a_loop_once(engine: Engine) -> None:
    loop = {"while": {"header": "fit", "in": ["poor"]}, "most": 9}
    steps = [{"stepNumber": 1, "workerType": "b", "repeat": loop}]
    Workflow.objects.create(tenant=a_tenant(), workflow_type="ingest", steps=steps)
    live_workers("b", protocol="celery")
    engine.submit(a_submission(content_type="ingest"))
    engine.forget()
    dispatch_id = the_request().dispatch_id
    answers = [an_answer("SUCCESS", content=b"1", headers={"fit": "poor"}, dispatch_id=dispatch_id)]
    with while_uncommitted(lambda: apply_answers(answers=answers, at=AT)) as other:
        apply_answers(answers=answers, at=AT)
    assert len(other.result()) == 1
    assert (the_request().repeats, len(engine.dispatches())) == (1, 1)


def test_it_gathers_once_when_two_managers_hear_the_last_branches(engine: Engine) -> None:
    a_workflow(a_tenant(), steps={1: ("b", "c"), 2: "d"})
    live_workers(*"bcd", protocol="celery")
    engine.submit(a_submission(content_type="ingest"))
    engine.forget()
    first, second = (
        [an_answer(content=content, dispatch_id=f"{branch.request_id}:1:{branch.attempt}")]
        for branch, content in zip(every(Branch).order_by("position"), (b"1", b"2"), strict=True)
    )
    with while_uncommitted(lambda: apply_answers(answers=second, at=AT)) as other:
        apply_answers(answers=first, at=AT)
    assert other.result() == []
    (sent,) = engine.dispatches()
    assert (sent.worker_type, the_request().body) == ("d", b'{"contents":[1,2]}')


def test_it_does_not_overwrite_an_end_with_a_dead_letter_of_before(engine: Engine) -> None:
    request = a_dispatched_workflow(engine)
    dead = [a_dead_letter(dispatch_id=request.dispatch_id)]
    with while_uncommitted(lambda: fail_dead_requests(dead=dead, at=AT)) as other:
        apply_answers(answers=[an_answer("SUCCESS", content=b"1")], at=AT)
    assert len(other.result()) == 1
    assert the_request().status == RequestStatus.DISPATCHED


def test_it_rescues_a_request_once(engine: Engine, settings: Settings) -> None:
    settings.QUEUE_TIMEOUT = 300
    a_dispatched_request(engine)
    WorkerInstance.objects.update(beaten_at=later(301))
    with while_uncommitted(lambda: rescue_silent(at=later(301))) as other:
        assert rescue_silent(at=later(301)) == 1
    assert (other.result(), the_request().attempt, len(engine.dispatches())) == (0, 2, 1)


def test_it_drops_the_answer_that_lost_against_the_watchdog(engine: Engine, settings: Settings) -> None:
    settings.QUEUE_TIMEOUT = 300
    request = a_dispatched_request(engine)
    WorkerInstance.objects.update(beaten_at=later(301))
    late = [an_answer("SUCCESS", dispatch_id=request.dispatch_id)]
    with while_uncommitted(lambda: apply_answers(answers=late, at=later(301))) as other:
        rescue_silent(at=later(301))
    assert len(other.result()) == 1
    assert the_request().status == RequestStatus.DISPATCHED


def test_it_leaves_a_request_that_is_being_answered_to_the_answer(engine: Engine, settings: Settings) -> None:
    settings.QUEUE_TIMEOUT = 300
    a_dispatched_request(engine)
    with while_uncommitted(lambda: rescue_silent(at=later(301))) as other:
        apply_answers(answers=[an_answer("SUCCESS")], at=later(301))
    assert other.result() == 0
    assert engine.states() == [("r-1", "SUCCESS")]


def test_it_takes_each_waiting_request_up_once(engine: Engine, settings: Settings) -> None:
    settings.SWEEP_PAGE = 2
    a_worker_type(a_tenant())
    engine.submit(*submissions(5))
    live_workers("unzip-worker")
    with while_uncommitted(lambda: redispatch_waiting(at=AT)) as other:
        mine = redispatch_waiting(at=AT, max_pages=1)
    assert (mine, other.result()) == (2, 3)
    assert len({sent.message_id for sent in engine.dispatches()}) == 5


def test_it_stores_one_instance_for_beats_that_two_managers_hear(engine: Engine) -> None:
    a_tenant()
    beats = [a_beat(worker_id="a"), a_beat(worker_id="b")]
    with while_uncommitted(lambda: record_heartbeats(beats=beats[::-1], at=AT)) as other:
        record_heartbeats(beats=beats, at=AT)
    assert other.result() == []
    assert WorkerInstance.objects.count() == 2
    assert engine.broker.published == []


def test_it_gives_a_content_type_to_one_of_two_imports() -> None:
    tenant = a_tenant()
    with while_uncommitted(lambda: import_items(tenant, a_worker("theirs"))) as other:
        import_items(tenant, a_worker("mine"))
    assert other.result().errors == [
        "WorkerConf with type=theirs declares contentType [unzip] which are already used by [mine]"
    ]


@pytest.mark.postgres
def test_it_takes_requests_in_while_a_configuration_is_imported(engine: Engine) -> None:
    tenant = a_tenant()
    several = submissions(2)
    with while_uncommitted(lambda: submit_requests(submissions=several, at=AT, max_bytes=99)) as other:
        import_items(tenant, a_worker("unzip-worker"))
    assert (other.waited, len(other.result().stored)) == (False, 2)
    assert len(engine.states()) == 2


@pytest.mark.postgres
def test_it_never_exceeds_a_configured_limit(engine: Engine) -> None:
    a_worker_type(a_tenant(), max_in_flight=3)
    live_workers("unzip-worker")
    mine, theirs = submissions(2), submissions(2, name="theirs")
    with while_uncommitted(lambda: submit_requests(submissions=theirs, at=AT, max_bytes=99)) as other:
        submit_requests(submissions=mine, at=AT, max_bytes=99)
    assert (other.waited, len(engine.dispatches())) == (True, 3)


def test_it_releases_each_held_request_once(engine: Engine, settings: Settings) -> None:
    settings.IN_FLIGHT_FACTOR = 2
    a_worker_type(a_tenant())
    live_workers("unzip-worker", concurrency=1)
    engine.submit(*submissions(8))
    sent = [an_answer(request_id=f"r-{number}") for number in range(4)]
    engine.forget()
    with while_uncommitted(lambda: apply_answers(answers=sent[:2], at=AT)) as other:
        apply_answers(answers=sent[2:], at=AT)
    assert other.result() == []
    redispatch_waiting(at=AT)
    assert sorted(str(one.headers["regards.request.id"]) for one in engine.dispatches()) == [
        f"r-{number}" for number in range(4, 8)
    ]


def test_it_says_nothing_of_a_bulk_that_is_rolled_back(engine: Engine) -> None:
    a_tenant()
    with pytest.raises(ZeroDivisionError):
        _submit_and_fail()
    assert (engine.broker.published, every(Request).exists()) == ([], False)
    assert not OutboxEntry.objects.exists()


def _submit_and_fail() -> None:
    with transaction():
        submit_requests(submissions=[a_submission()], at=AT, max_bytes=99)
        raise ZeroDivisionError
