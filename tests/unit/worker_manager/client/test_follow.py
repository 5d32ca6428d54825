"""What a client knows of its requests."""

from regards_processing.kernel.amqp.testing import inbound
from tests.unit.worker_manager.client.heard import response
from worker_manager.client.following import Dispatched, Following
from worker_manager.events.request_answered import ResponseState

GRANTED, DELAYED, SUCCESS = ResponseState.GRANTED, ResponseState.DELAYED, ResponseState.SUCCESS


def _following(*request_ids: str) -> Following:
    following = Following(tenant="demo")
    following.submitted(request_ids=request_ids, at=100.0)
    return following


def test_it_follows_a_request_through_its_steps_to_its_end() -> None:
    following = _following("r-1")
    following.hear(messages=[response("r-1", GRANTED, worker_type="unzip")], at=101.0)
    following.hear(messages=[response("r-1", GRANTED, worker_type="check")], at=102.0)
    (ended,) = following.hear(
        messages=[response("r-1", SUCCESS, worker_type="check", content=b"{}")], at=104.0
    )
    assert (ended.state, ended.seconds, ended.worker_type, ended.content) == (SUCCESS, 4.0, "check", b"{}")
    assert ended.messages == ("r-1 is SUCCESS",)
    assert ended.dispatches == [
        Dispatched(worker_type="unzip", after=1.0),
        Dispatched(worker_type="check", after=2.0),
    ]
    assert (following.open_count, following.ended) == (0, {SUCCESS: 1})


def test_it_takes_refused_and_failed_requests_as_ended() -> None:
    following = _following("r-1", "r-2", "r-3", "r-4")
    states = (ResponseState.SKIPPED, ResponseState.ERROR, ResponseState.INVALID_CONTENT, DELAYED)
    ended = following.hear(
        messages=[response(f"r-{number}", state) for number, state in enumerate(states, 1)], at=101.0
    )
    assert [request.state for request in ended] == list(states[:3])
    assert [(request.request_id, request.state) for request in following.open] == [("r-4", DELAYED)]


def test_it_passes_over_what_is_said_to_others() -> None:
    following = _following("r-1")
    messages = [response("r-1", SUCCESS, tenant="other"), response("r-2", SUCCESS)]
    assert following.hear(messages=messages, at=101.0) == []
    assert following.open_count == 1


def test_it_passes_over_what_is_no_response() -> None:
    following = _following("r-1")
    messages = [
        inbound(headers={}, body=b"{}"),
        inbound(headers={"regards.tenant": "demo"}, body=b"{}"),
        inbound(headers={"regards.tenant": "demo"}, body=b'{"requestId":"r-1","state":"NEW"}'),
        inbound(headers={"regards.tenant": "demo"}, body=b'{"requestId":"r-1","state":null}'),
        inbound(headers={"regards.tenant": "demo"}, body=b"nope"),
    ]
    assert following.hear(messages=messages, at=101.0) == []
    assert following.open_count == 1


def test_it_counts_the_end_of_a_request_once() -> None:
    following = _following("r-1")
    assert len(following.hear(messages=[response("r-1", SUCCESS)] * 2, at=101.0)) == 1
    assert following.ended == {SUCCESS: 1}
