"""Requests that do not follow the contract, all in one bulk with good ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.amqp_client import DEAD_LETTERS, RabbitClient, Received
from tests.acceptance.conftest import one_bulk
from tests.acceptance.participant import REQUEST_EXCHANGE, standard_headers
from tests.acceptance.tables import requests_left
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess

pytestmark = pytest.mark.rabbitmq

_QUEUE = (
    "regards.broadcast.rs-worker-manager.fr.cnes.regards.modules.workermanager.service.flow.RequestHandler"
)
_20_MB = b'{"pixels":"' + b"x" * 20_000_000 + b'"}'


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A request with something wrong: headers that replace the right ones, or a body."""

    headers: Mapping[str, Any] | None = None
    without: str = ""
    body: bytes = b'{"n":1}'
    content_type: str = "echo"
    #: What the dead letter, or the client, is told.
    reason: str


_DEAD = {
    "not-json": Bad(body=b"{nope", reason="Body is not JSON"),
    "not-utf-8": Bad(body=b'{"a":"\xff"}', reason="Body is not JSON"),
    "endless-nesting": Bad(body=b'{"a":' + b"[" * 200_000, reason="Body is not JSON"),
    "an-array": Bad(body=b"[1,2]", reason="Body must be a JSON object, not list"),
    "a-number": Bad(body=b"12", reason="Body must be a JSON object, not int"),
    "null": Bad(body=b"null", reason="Body must be a JSON object, not NoneType"),
    "empty": Bad(body=b"", reason="Body is empty"),
    "no-tenant": Bad(without="regards.tenant", reason="Missing **regards.tenant** header"),
    "empty-tenant": Bad(headers={"regards.tenant": ""}, reason="Missing **regards.tenant** header"),
    "void-tenant": Bad(headers={"regards.tenant": None}, reason="Missing **regards.tenant** header"),
    "number-as-tenant": Bad(headers={"regards.tenant": 5}, reason="regards.tenant must be a string, not int"),
    "unknown-tenant": Bad(headers={"regards.tenant": "nowhere"}, reason="There is no active tenant nowhere"),
    "no-id": Bad(without="regards.request.id", reason="Missing **regards.request.id** header"),
    "empty-id": Bad(headers={"regards.request.id": ""}, reason="Missing **regards.request.id** header"),
    "number-as-id": Bad(
        headers={"regards.request.id": 12}, reason="regards.request.id must be a string, not int"
    ),
    "long-id": Bad(headers={"regards.request.id": "x" * 256}, reason="limited to 255 characters, got 256"),
    "number-as-owner": Bad(headers={"regards.request.owner": 1}, reason="owner must be a string, not int"),
    "list-as-session": Bad(
        headers={"regards.request.session": ["a"]}, reason="session must be a string, not list"
    ),
    "table-as-content-type": Bad(
        headers={"regards.request.content_type": {"a": 1}}, reason="content_type must be a string, not dict"
    ),
}
_SKIPPED = {
    "no-owner": Bad(
        without="regards.request.owner",
        reason="<regards.request.owner> property is missing from request message headers",
    ),
    "void-owner": Bad(
        headers={"regards.request.owner": None},
        reason="<regards.request.owner> property is missing from request message headers",
    ),
    "no-session": Bad(
        without="regards.request.session",
        reason="<regards.request.session> property is missing from request message headers",
    ),
    "no-content-type": Bad(
        without="regards.request.content_type",
        reason="<regards.request.content_type> property is missing from request message headers",
    ),
    "to-skip": Bad(
        content_type="noise",
        reason="Content type <noise> is configured to be automatically skipped on tenant <default>",
    ),
}
_GOOD = [f"bad-neighbour-{number}" for number in range(len(_DEAD) + len(_SKIPPED) + 3)]


@pytest.fixture(scope="module")
def client(shared: Platform) -> Iterator[RabbitClient]:
    with RabbitClient(shared.stack.broker_url or "") as connected:
        yield connected


@pytest.fixture(scope="module")
def dead_letters(shared: Platform, client: RabbitClient) -> dict[str, Received]:
    """Publish everything as one bulk; return the dead letters by case once all neighbours have ended."""
    manager = next(process for process in shared.processes if process.name.startswith("manager"))
    neighbours = iter(_GOOD)
    with one_bulk(manager):
        for case, bad in (_DEAD | _SKIPPED).items():
            client.submit(next(neighbours), "echo")
            _send(client, case, bad)
        _send(client, "too-big", Bad(body=_20_MB, reason=""))
        client.submit(next(neighbours), "echo")
        client.submit("bad-twice", "echo", b'{"n":1}')
        client.submit("bad-twice", "echo", b'{"n":2}')
        client.submit(next(neighbours), "echo")
        client.submit("bad-unknown", "nobody-s-content-type")
        client.send(headers=standard_headers("bad-empty-values", "echo", owner="", session=""), body=b"{}")
        client.submit(next(neighbours), "echo")
    client.await_all([*_GOOD, "bad-empty-values"], timeout=40)
    found = [client.await_message(DEAD_LETTERS) for _ in range(len(_DEAD) + 1)]
    assert client.drain(DEAD_LETTERS) == []
    return {letter.headers["acme.case"]: letter for letter in found}


def _send(client: RabbitClient, case: str, bad: Bad) -> None:
    headers = (
        standard_headers(f"bad-{case}", bad.content_type) | {"acme.case": case} | dict(bad.headers or {})
    )
    headers.pop(bad.without, None)
    client.send(headers=headers, body=bad.body)


@pytest.mark.parametrize("case", _DEAD)
def test_it_keeps_a_request_it_cannot_read_with_the_reason(
    dead_letters: dict[str, Received], client: RabbitClient, case: str
) -> None:
    letter = dead_letters[case]
    assert _DEAD[case].reason in letter.headers["x-exception-message"]
    assert _DEAD[case].reason in letter.headers["x-exception-stacktrace"]
    assert letter.headers["x-original-exchange"] == REQUEST_EXCHANGE
    assert letter.headers["x-death-queue"] == _QUEUE
    assert letter.body == _DEAD[case].body
    assert client.heard[f"bad-{case}"] == []


@pytest.mark.parametrize("case", _SKIPPED)
@pytest.mark.usefixtures("dead_letters")
def test_it_tells_the_client_why_a_request_is_skipped(client: RabbitClient, case: str) -> None:
    (skipped,) = client.await_states(f"bad-{case}", "SKIPPED")
    assert skipped.body["messages"] == [_SKIPPED[case].reason]
    assert skipped.body["requestId"] == f"bad-{case}"


def test_it_tells_the_client_and_keeps_a_request_that_is_too_big(
    dead_letters: dict[str, Received], client: RabbitClient
) -> None:
    (skipped,) = client.await_states("bad-too-big", "SKIPPED")
    expected = f"The body has {len(_20_MB)} bytes, the limit is {16 * 1024**2}"
    assert skipped.body["messages"] == [expected]
    assert dead_letters["too-big"].headers["x-exception-message"] == expected
    assert dead_letters["too-big"].body == _20_MB


@pytest.mark.usefixtures("dead_letters")
def test_it_leaves_the_neighbours_alone(client: RabbitClient) -> None:
    assert {name: client.states(name) for name in _GOOD} == {name: ["GRANTED", "SUCCESS"] for name in _GOOD}


@pytest.mark.usefixtures("dead_letters")
def test_it_refuses_the_second_of_two_equal_ids_in_one_bulk(client: RabbitClient) -> None:
    client.await_final("bad-twice")
    by_state = {response.state: response for response in client.heard["bad-twice"]}
    assert sorted(client.states("bad-twice")) == ["GRANTED", "SKIPPED", "SUCCESS"]
    assert by_state["SUCCESS"].content == b'{"n":1}'
    assert by_state["SKIPPED"].body["messages"] == [
        "Request is denied cause the given requestId <bad-twice> already exists"
    ]


def test_it_refuses_an_id_that_is_in_use(client: RabbitClient) -> None:
    client.submit("bad-again", "slow", b'{"seconds":1.5}')
    client.await_states("bad-again", "GRANTED")
    client.submit("bad-again", "slow", b'{"seconds":1.5}')
    _, skipped, _ = client.await_states("bad-again", "GRANTED", "SKIPPED", "SUCCESS")
    assert skipped.body["messages"] == [
        "Request is denied cause the given requestId <bad-again> already exists"
    ]


@pytest.mark.usefixtures("dead_letters")
def test_it_delays_a_content_type_that_nobody_configured(client: RabbitClient, shared: Platform) -> None:
    client.await_states("bad-unknown", "DELAYED")
    assert ("bad-unknown", "NO_WORKER_AVAILABLE", None) in requests_left(shared.stack)


@pytest.mark.usefixtures("dead_letters")
def test_it_takes_an_empty_owner_and_session_as_values(client: RabbitClient) -> None:
    client.await_states("bad-empty-values", "GRANTED", "SUCCESS")


@pytest.mark.usefixtures("dead_letters")
def test_it_tells_every_reason_at_once(client: RabbitClient, manager: ManagedProcess) -> None:
    headers = {"regards.tenant": "default", "regards.request.id": "bad-naked"}
    client.send(headers=headers, body=b"{}")
    (skipped,) = client.await_states("bad-naked", "SKIPPED")
    assert [text.split(">")[0].removeprefix("<") for text in skipped.body["messages"]] == [
        "regards.request.owner",
        "regards.request.content_type",
        "regards.request.session",
    ]
    assert manager.running


@pytest.mark.usefixtures("dead_letters")
def test_it_takes_a_request_that_an_operator_moved_back_from_the_dead_letters(
    client: RabbitClient, shared: Platform
) -> None:
    client.submit("bad-tenant", "echo", tenant="comes-later")
    letter = client.await_message(DEAD_LETTERS)
    shared.manage("create_tenant", "comes-later")
    client.send(headers=letter.headers, body=letter.body)
    client.await_states("bad-tenant", "DELAYED")
