"""Publishing requests and waiting for their end."""

import json

import pytest

from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.amqp.topology import REQUEST_EXCHANGE
from tests.unit.worker_manager.client.heard import Script, response
from worker_manager.client.following import Followed, Following
from worker_manager.client.report import json_line, summary
from worker_manager.client.submitting import submit_and_follow
from worker_manager.events.request_answered import ResponseState
from worker_manager.events.request_submitted import RequestSubmitted

SUCCESS = ResponseState.SUCCESS


def _submissions(count: int) -> list[RequestSubmitted]:
    return [
        RequestSubmitted(
            tenant="demo",
            request_id=f"r-{number}",
            owner="acme",
            session="s",
            content_type="unzip",
            content=b'{"n": 1}',
        )
        for number in range(1, count + 1)
    ]


def _run(
    script: Script, *, count: int, broker: InMemoryBroker, patience: float = 5.0
) -> tuple[list[Followed], Following]:
    following = Following(tenant="demo")
    ended = submit_and_follow(
        submissions=_submissions(count),
        following=following,
        hearing=script,
        publisher=broker,
        patience=patience,
    )
    return list(ended), following


def test_it_publishes_requests_as_the_contract_says() -> None:
    broker = InMemoryBroker()
    _run(Script([response("r-1", SUCCESS)]), count=1, broker=broker)
    (message,) = broker.published_to(REQUEST_EXCHANGE)
    assert message.body == b'{"n": 1}'
    assert message.headers == {
        "regards.tenant": "demo",
        "regards.request.id": "r-1",
        "regards.request.owner": "acme",
        "regards.request.session": "s",
        "regards.request.content_type": "unzip",
    }


def test_it_gives_requests_in_the_order_they_end() -> None:
    script = Script([], [response("r-2", SUCCESS)], [], [response("r-1", SUCCESS)])
    ended, following = _run(script, count=2, broker=InMemoryBroker())
    assert [request.request_id for request in ended] == ["r-2", "r-1"]
    assert summary(following) == "2 SUCCESS"


def test_it_hears_while_it_still_publishes() -> None:
    broker = InMemoryBroker()
    script = Script([response("r-1", SUCCESS)], [response("r-1500", SUCCESS)], [response("r-2", SUCCESS)])
    ended, following = _run(script, count=2001, broker=broker, patience=0.01)
    assert [request.request_id for request in ended] == ["r-1", "r-1500", "r-2"]
    assert (len(broker.published), following.open_count) == (2001, 1998)


def test_it_stops_waiting_when_patience_ends() -> None:
    ended, following = _run(
        Script([response("r-1", ResponseState.ERROR)]), count=2, broker=InMemoryBroker(), patience=0.01
    )
    assert [request.request_id for request in ended] == ["r-1"]
    assert summary(following) == "1 ERROR, 1 not ended"


def test_it_tells_that_the_broker_is_away() -> None:
    broker = InMemoryBroker()
    broker.down = True
    with pytest.raises(BrokerUnavailable):
        _run(Script(), count=1, broker=broker)


def test_it_reports_json_content_as_json_and_other_content_as_base64() -> None:
    first, second, third = (
        Followed(request_id=f"r-{number}", submitted_at=0, state=SUCCESS, seconds=1.23456, content=content)
        for number, content in enumerate((b'{"a":[1]}', b"\xff", None))
    )
    assert json.loads(json_line(first)) == {
        "requestId": "r-0",
        "state": "SUCCESS",
        "seconds": 1.235,
        "messages": [],
        "content": {"a": [1]},
    }
    assert json.loads(json_line(second))["contentBase64"] == "/w=="
    assert json.loads(json_line(third)).keys() == {"requestId", "state", "seconds", "messages"}


def test_it_says_that_nothing_was_submitted() -> None:
    assert summary(Following(tenant="demo")) == "nothing was submitted"
