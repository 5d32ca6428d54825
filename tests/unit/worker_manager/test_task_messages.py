"""Dispatches on the wire."""

import base64

import pytest
from celery import Celery
from celery.worker.request import Request
from kombu.message import Message

from regards_processing.kernel.amqp.envelope import Outbound, pack, unpack
from worker_manager.task_messages import celery_dispatch, raw_dispatch
from worker_manager.workflow_plan import PlanStep
from workers.contract.work_request import WorkRequest

_FIVE = {
    "regards.tenant": "demo",
    "regards.request.id": "r-1",
    "regards.request.owner": "acme",
    "regards.request.session": "2025-06",
    "regards.request.content_type": "ingest",
}
_CONTENT = b'{"caf\xc3\xa9": 1}\x00'


def _work(**headers: str) -> WorkRequest:
    return WorkRequest(
        tenant="demo",
        request_id="r-1",
        owner="acme",
        session="2025-06",
        content_type="ingest",
        content=_CONTENT,
        headers=headers,
        dispatch_id="12:2:3",
    )


def _task(**headers: str) -> Outbound:
    return celery_dispatch(work=_work(**headers), step=PlanStep(2, "Unzip"), parent_id="12:1:1")


def _received_by_celery(sent: Outbound) -> Request:
    """Read a task message as a Celery worker does."""
    app = Celery(set_as_current=False, broker="memory://")

    @app.task(name="regards.worker.Unzip", shared=False)
    def run(argument: object, dispatch_id: str) -> None:
        """Take what the message brings."""

    message = Message(
        body=sent.body.decode(),
        headers=dict(sent.headers),
        content_type=sent.content_type,
        content_encoding=sent.content_encoding,
        properties={"correlation_id": sent.correlation_id},
        delivery_info={"exchange": sent.exchange, "routing_key": sent.routing_key},
        accept=["application/json"],
    )
    return Request(message, app=app, task=run, hostname="here", decoded=False)


def test_it_sends_the_raw_message_with_the_five_headers_and_the_steps_own() -> None:
    sent = raw_dispatch(work=_work(depth="3"), worker_type="Unzip")
    assert sent.headers == _FIVE | {"depth": "3"}
    assert list(sent.headers)[-1] == "depth"


def test_it_sends_the_raw_message_as_the_reference_does() -> None:
    sent = raw_dispatch(work=_work(), worker_type="Unzip")
    assert (sent.exchange, sent.routing_key) == ("regards.worker.unzip.request", "#")
    assert (sent.body, sent.priority, sent.content_type) == (_CONTENT, 0, "application/json")
    assert (sent.content_encoding, sent.message_id, sent.correlation_id) == (None, "12:2:3", None)
    assert (sent.worker_type, sent.mandatory) == ("Unzip", True)


def test_it_sends_tasks_to_their_own_queue() -> None:
    sent = _task()
    assert (sent.exchange, sent.routing_key) == ("", "regards.worker.unzip.task")
    assert (sent.priority, sent.content_encoding, sent.worker_type) == (0, "utf-8", "Unzip")
    assert (sent.message_id, sent.correlation_id) == ("12:2:3", "12:2:3")


def test_it_writes_a_task_that_celery_reads() -> None:
    received = _received_by_celery(_task(depth="3"))
    args, kwargs, options = received.message.payload
    assert (received.name, received.id, received.root_id) == ("regards.worker.Unzip", "12:2:3", "12")
    assert (received.parent_id, kwargs) == ("12:1:1", {"dispatch_id": "12:2:3"})
    assert base64.b64decode(args[0]["content"]) == _CONTENT
    assert args[0]["headers"] == _FIVE | {"depth": "3"}
    assert set(options.values()) == {None}


def test_it_gives_a_celery_worker_the_same_request_as_the_raw_message() -> None:
    ((argument,), kwargs, _) = _received_by_celery(_task(depth="3")).message.payload
    raw = raw_dispatch(work=_work(depth="3"), worker_type="Unzip")
    assert WorkRequest.from_task_argument(argument, **kwargs) == WorkRequest.from_raw(
        headers=raw.headers, body=raw.body, message_id=raw.message_id
    )


def test_it_repeats_the_five_headers_for_whoever_finds_the_task_dead() -> None:
    headers = _task(depth="3").headers
    assert {name: headers[name] for name in _FIVE} == _FIVE
    assert "depth" not in headers


@pytest.mark.parametrize("name", ["task", "id", "root_id", "lang", "expires", "eta", "retries"])
def test_it_lets_no_step_replace_a_header_of_celery(name: str) -> None:
    assert _task(**{name: "stolen"}).headers == _task().headers


def test_it_writes_ids_of_their_own_into_each_task() -> None:
    first = celery_dispatch(work=_work(), step=PlanStep(1, "Unzip"), parent_id=None)
    assert (first.headers["parent_id"], _task().headers["parent_id"]) == (None, "12:1:1")


def test_it_can_be_stored_in_the_outbox() -> None:
    sent = [_task(), raw_dispatch(work=_work(), worker_type="Unzip")]
    assert unpack(pack(sent)) == sent
