"""A request for one worker type, from its submission to its end, as its client sees it."""

import base64

import pytest

from tests.acceptance.amqp_client import RabbitClient
from tests.acceptance.participant import Client
from tests.acceptance.tables import finished, requests_left
from tests.stack.platform import Platform


def test_it_returns_the_content_of_the_worker(client: Client) -> None:
    client.submit("single-1", "echo", b'{"answer": 42}')
    granted, success = client.await_states("single-1", "GRANTED", "SUCCESS")
    assert granted.body["messages"] == ["Your request has been successfully registered."]
    assert success.content == b'{"answer": 42}'


@pytest.mark.rabbitmq
def test_it_answers_with_exactly_the_headers_body_and_properties_of_the_contract(
    client: RabbitClient,
) -> None:
    client.submit("single-2", "echo", b"{}", owner="esa", session="s 2")
    _, success = client.await_states("single-2", "GRANTED", "SUCCESS")
    assert success.headers == {
        "regards.tenant": "default",
        "regards.request.id": "single-2",
        "regards.request.owner": "esa",
        "regards.request.session": "s 2",
        "regards.worker_id": "accept-echo",
        "regards.request.content_type": "echo",
        "regards.converter": "GSON",
        "regards.type": "fr.cnes.regards.modules.workermanager.amqp.events.out.ResponseEvent",
    }
    assert success.body == {
        "state": "SUCCESS",
        "messages": ["Your request has been successfully handled by the <accept-echo> worker."],
        "requestId": "single-2",
        "content": base64.b64encode(b"{}").decode(),
        "type": "EXTRACTION",
        "requestOwner": "esa",
    }
    properties = success.properties
    assert (properties.priority, properties.delivery_mode) == (1, 2)
    assert (properties.content_type, properties.content_encoding) == ("application/json", "UTF-8")
    assert properties.app_id == "REGARDS"
    assert properties.timestamp > 1_700_000_000
    assert properties.correlation_id is None


def test_it_forgets_a_finished_request_but_for_one_line_of_history(client: Client, shared: Platform) -> None:
    client.submit("single-3", "echo")
    client.await_final("single-3")
    assert "single-3" not in {row[0] for row in requests_left(shared.stack)}
    assert finished(shared.stack)["single-3"] == ["SUCCESS"]


def test_it_takes_an_id_again_once_its_request_has_ended(client: Client) -> None:
    client.submit("single-4", "echo", b'{"n":1}')
    client.await_states("single-4", "GRANTED", "SUCCESS")
    client.submit("single-4", "echo", b'{"n":1}')
    client.await_states("single-4", "GRANTED", "SUCCESS", "GRANTED", "SUCCESS")


def test_it_returns_nothing_when_the_worker_does(client: Client) -> None:
    client.submit("single-5", "nothing")
    assert client.await_final("single-5").content == b""


def test_it_keeps_a_request_in_error_for_the_operator(client: Client, shared: Platform) -> None:
    client.submit("single-6", "raise")
    _, error = client.await_states("single-6", "GRANTED", "ERROR")
    assert error.body["messages"] == [
        (
            "Error during processing your request in <accept-raise> worker : "
            "Cause : ValueError: the sky is not blue."
        )
    ]
    assert ("single-6", "ERROR", "ValueError: the sky is not blue") in requests_left(shared.stack)


def test_it_forgets_a_refused_request_of_a_type_that_keeps_no_errors(
    client: Client, shared: Platform
) -> None:
    client.submit("single-7", "picky")
    _, refusal = client.await_states("single-7", "GRANTED", "INVALID_CONTENT")
    assert refusal.body["messages"] == [
        (
            "Your request is not valid (invalidated by the matching worker <accept-picky>). "
            "no geometry in the body"
        )
    ]
    assert "single-7" not in {row[0] for row in requests_left(shared.stack)}
    assert finished(shared.stack)["single-7"] == ["INVALID_CONTENT"]


def test_it_tries_again_when_the_worker_asks_for_it(client: Client) -> None:
    client.submit("single-8", "postpone")
    client.await_states("single-8", "GRANTED", "GRANTED", "SUCCESS")
