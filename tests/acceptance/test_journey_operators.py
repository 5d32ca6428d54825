"""What other services of REGARDS hear and say beside requests: notifications, steps and ends of sessions."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.amqp_client import DEAD_LETTERS, Peer, Received
from tests.acceptance.conftest import one_bulk
from tests.acceptance.participant import REQUEST_EXCHANGE, Client, standard_headers
from tests.acceptance.tables import requests_left
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess

pytestmark = pytest.mark.rabbitmq

_NOTIFICATION = "fr.cnes.regards.framework.amqp.event.notification.NotificationEvent"
_SESSIONS = "fr.cnes.regards.framework.modules.session.commons.domain.events"
_COUNT_EVENT = "fr.cnes.regards.framework.modules.session.agent.domain.events.StepPropertyUpdateRequestEvent"
_PATIENCE = 30.0


def _listen(peer: Peer, event: str) -> str:
    """Bind a queue of our own to the exchange of an event."""
    queue = str(peer.channel.queue_declare("", exclusive=True).method.queue)
    peer.channel.queue_bind(queue, f"regards.broadcast.{event}")
    return queue


def _heard(peer: Peer, queue: str, about: Callable[[Any], bool]) -> Received:
    """Wait for an event with such a body; the shared platform has more to say."""
    return peer.await_dead_letter(queue, about=lambda one: about(json.loads(one.body)), timeout=_PATIENCE)


def _fail(client: Client, *sessions: str, owner: str = "acme") -> None:
    """End a request in ERROR in each session; its id is the session's name."""
    for session in sessions:
        client.submit(session, "raise", session=session, owner=owner)
    client.await_all(sessions, timeout=_PATIENCE)


def test_operators_hear_once_of_the_malformed_messages_of_a_bulk(
    peer: Peer, client: Client, manager: ManagedProcess
) -> None:
    queue = _listen(peer, _NOTIFICATION)
    with one_bulk(manager):
        for number in range(3):
            headers = standard_headers(f"unreadable-{number}", "echo")
            peer.publish(exchange=REQUEST_EXCHANGE, headers=headers, body=b"{operators")
        client.submit("operators-neighbour", "echo")
    heard = _heard(peer, queue, lambda body: "{operators" in body["notification"]["message"])
    client.await_states("operators-neighbour", "GRANTED", "SUCCESS")
    for _ in range(3):
        peer.await_dead_letter(DEAD_LETTERS, about=lambda letter: letter.body == b"{operators")
    assert peer.drain(queue) == []
    notification = json.loads(heard.body)["notification"]
    assert notification.pop("message").splitlines()[1] == "NOT_CONVERTED_MESSAGE: 3"
    assert notification == {
        "title": "AMQP batch processing failure.",
        "level": "ERROR",
        "sender": "rs-worker-manager",
        "roleRecipients": ["EXPLOIT"],
        "projectUserRecipients": [],
        "mimeType": "text/plain",
    }
    assert heard.headers["regards.tenant"] == "default"
    assert (heard.headers["regards.converter"], heard.headers["regards.type"]) == ("GSON", _NOTIFICATION)
    assert heard.properties.priority == 1


def test_the_dashboard_hears_of_the_session_of_a_request(peer: Peer, client: Client) -> None:
    queue = _listen(peer, f"{_SESSIONS}.SessionStepEvent")
    _fail(client, "dashboard")
    heard = _heard(
        peer,
        queue,
        lambda body: (
            (body["sessionStep"]["session"], body["sessionStep"]["state"]["errors"]) == ("dashboard", 1)
        ),
    )
    step = json.loads(heard.body)["sessionStep"]
    assert (step["source"], step["inputRelated"]) == ("acme", 1)
    assert heard.headers["regards.type"] == f"{_SESSIONS}.SessionStepEvent"


def test_the_dashboard_hears_of_what_an_older_manager_counted(peer: Peer) -> None:
    queue = _listen(peer, f"{_SESSIONS}.SessionStepEvent")
    counts = f"regards.unicast.default.rs-worker-manager.{_COUNT_EVENT}"
    info = {"stepType": "ACQUISITION", "state": "INFO", "property": "workers.requests", "value": "3"}
    step = {"stepId": "workers", "source": "acme", "session": "inherited"}
    flags = {"inputRelated": True, "outputRelated": False}
    report = {"type": "INC", "stepProperty": {**step, "stepPropertyInfo": {**info, **flags}}}
    peer.publish(
        exchange="regards.unicast",
        key=counts,
        headers={"regards.tenant": "default"},
        body=json.dumps(report).encode(),
    )
    heard = _heard(peer, queue, lambda body: body["sessionStep"]["session"] == "inherited")
    told = json.loads(heard.body)["sessionStep"]
    assert (told["inputRelated"], told["properties"]) == (3, {"workers.requests": "3"})


def test_the_dashboard_deletes_exactly_one_session(peer: Peer, client: Client, shared: Platform) -> None:
    _fail(client, "ended", "ended-not")
    assert {"ended", "ended-not"} <= _left(shared)
    peer.publish(
        exchange=f"regards.broadcast.{_SESSIONS}.SessionDeleteEvent",
        headers={"regards.tenant": "default"},
        body=b'{"source":"acme","session":"ended"}',
    )
    _await_gone(shared, "ended")
    assert "ended-not" in _left(shared)


def test_the_dashboard_deletes_all_sessions_of_exactly_one_source(
    peer: Peer, client: Client, shared: Platform
) -> None:
    _fail(client, "closed-1", "closed-2", owner="closed")
    _fail(client, "closed-not", owner="closed-lab")
    peer.publish(
        exchange=f"regards.broadcast.{_SESSIONS}.SourceDeleteEvent",
        headers={"regards.tenant": "default"},
        body=b'{"source":"closed"}',
    )
    _await_gone(shared, "closed-1", "closed-2")
    assert "closed-not" in _left(shared)


def _await_gone(platform: Platform, *request_ids: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while _left(platform).intersection(request_ids):
        assert time.monotonic() < deadline, "requests are still there"
        time.sleep(0.05)


def _left(platform: Platform) -> set[str]:
    return {request_id for request_id, _, _ in requests_left(platform.stack)}
