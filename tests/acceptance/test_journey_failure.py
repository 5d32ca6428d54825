"""Requests that foreign workers cannot handle."""

import pytest

from tests.acceptance.amqp_client import DEAD_LETTER_EXCHANGE, REQUEST_DEAD_LETTERS, RabbitClient
from tests.acceptance.conftest import Hire
from tests.acceptance.tables import finished, requests_left
from tests.stack.platform import Platform

pytestmark = pytest.mark.rabbitmq


def test_it_ends_a_rejected_request_in_error(client: RabbitClient, hire: Hire, shared: Platform) -> None:
    worker = hire("foreign-rejecting")
    worker.beat()
    client.submit("fail-1", "foreign-rejecting")
    worker.reject_one()
    _, error = client.await_states("fail-1", "GRANTED", "ERROR")
    assert error.body["messages"] == [
        (
            "Error during processing your request in <foreign-rejecting> worker : "
            "Cause : Unknown error from worker."
        )
    ]
    assert ("fail-1", "ERROR", "Unknown error from worker") in requests_left(shared.stack)


@pytest.mark.parametrize(
    ("exchange", "key"),
    [(DEAD_LETTER_EXCHANGE, REQUEST_DEAD_LETTERS), (REQUEST_DEAD_LETTERS, "")],
    ids=["to the dead-letter exchange", "to the exchange of failed requests"],
)
def test_it_shows_the_stack_trace_of_a_republished_request(
    client: RabbitClient, hire: Hire, exchange: str, key: str
) -> None:
    request_id = f"fail-2-{exchange}"
    worker = hire("foreign-rejecting")
    worker.beat()
    client.submit(request_id, "foreign-rejecting")
    request = worker.take()
    headers = request.headers | {"x-exception-stacktrace": "java.lang.OutOfMemoryError: heap"}
    worker.publish(exchange=exchange, key=key, headers=headers, body=request.body)
    error = client.await_states(request_id, "GRANTED", "ERROR")[-1]
    assert error.message.endswith("Cause : java.lang.OutOfMemoryError: heap.")


def test_it_ends_a_rejected_binary_step_of_a_workflow_in_error(client: RabbitClient, hire: Hire) -> None:
    worker = hire("foreign-middle")
    worker.beat()
    client.submit("fail-3", "foreign-in-the-middle")
    worker.reject_one()
    client.await_states("fail-3", "GRANTED", "GRANTED", "ERROR")


def test_it_forgets_a_failed_request_of_a_workflow_that_keeps_no_errors(
    client: RabbitClient, hire: Hire, shared: Platform
) -> None:
    worker = hire("foreign-middle")
    worker.beat()
    client.submit("fail-6", "unkept")
    worker.reject_one()
    client.await_states("fail-6", "GRANTED", "GRANTED", "ERROR")
    assert "fail-6" not in {row[0] for row in requests_left(shared.stack)}
    assert finished(shared.stack)["fail-6"] == ["ERROR"]


def test_it_lets_another_worker_take_the_request_of_one_that_died(client: RabbitClient, hire: Hire) -> None:
    dying, other = hire("foreign-rejecting"), hire("foreign-rejecting")
    dying.beat()
    client.submit("fail-4", "foreign-rejecting")
    dying.take(auto_ack=False)
    dying.close()
    request = other.take()
    assert request.redelivered
    other.answer(request, status="SUCCESS", content=b"rescued")
    assert client.await_states("fail-4", "GRANTED", "SUCCESS")[-1].content == b"rescued"


def test_it_goes_on_after_a_message_that_is_none_of_ours_in_a_task_queue(client: RabbitClient) -> None:
    client.publish(
        key="regards.worker.accept-echo.task",
        exchange="",
        headers={"task": "regards.worker.accept-echo", "id": "1"},
        body=b'[[], {"dispatch_id": "not one"}, {}]',
        content_encoding="utf-8",
    )
    client.submit("fail-5", "echo")
    client.await_states("fail-5", "GRANTED", "SUCCESS")
