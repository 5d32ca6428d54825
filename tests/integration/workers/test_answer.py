"""What a running fleet answers, in both forms and on both brokers."""

import json
import zlib
from collections import Counter

import pytest

from tests.integration.workers.manager import Manager, a_request
from workers.contract.work_answer import AnswerStatus


def test_it_answers_a_celery_task_of_a_manager(manager: Manager) -> None:
    request = a_request("celery-1", content=b'{"a":1}', headers={"hint": "x"}, dispatch_id="12:3:2")
    manager.dispatch_task("echo", request)
    answer = manager.final_answer("celery-1")
    assert answer.status is AnswerStatus.SUCCESS
    assert answer.content == b'{"a":1}'
    assert answer.dispatch_id == "12:3:2"
    assert answer.tenant == "default"
    assert answer.additional_headers == {"seen": "x"}
    assert answer.messages == ("echoed 7 bytes",)
    assert isinstance(answer.run_seconds, float)


def test_it_answers_a_raw_message(manager: Manager) -> None:
    request = a_request("raw-1", content=b'{"b":2}', dispatch_id="13:1:1")
    manager.dispatch_raw("echo", request, hint="y")
    answer = manager.final_answer("raw-1")
    assert answer.status is AnswerStatus.SUCCESS
    assert answer.content == b'{"b":2}'
    assert answer.dispatch_id == "13:1:1"
    assert answer.additional_headers == {"seen": "y"}


@pytest.mark.parametrize("others", [{}, {"task": "acme"}])
@pytest.mark.parametrize("value", ["gzip", "application/x-gzip", "LZW"])
def test_it_leaves_a_body_as_it_is_whatever_its_headers_are_called(
    manager: Manager, value: str, others: dict[str, str]
) -> None:
    body = zlib.compress(b"of the client")
    name = f"raw-{value}-{len(others)}"
    manager.dispatch_raw("echo", a_request(name, content=body), compression=value, hint="kept", **others)
    answer = manager.final_answer(name)
    assert (answer.content, answer.additional_headers) == (body, {"seen": "kept"})


def test_it_takes_any_bytes_as_the_body_of_a_raw_message(manager: Manager) -> None:
    body = bytes(range(256)) * 3
    manager.dispatch_raw("echo", a_request("raw-2", content=body, dispatch_id=None))
    answer = manager.final_answer("raw-2")
    assert answer.content == body
    assert answer.dispatch_id is None


def test_it_takes_an_empty_body(manager: Manager) -> None:
    manager.dispatch_raw("echo", a_request("raw-3", content=b"", dispatch_id=None))
    assert manager.final_answer("raw-3").content == b""


def test_it_does_not_echo_the_message_id_of_a_stranger(manager: Manager) -> None:
    manager.dispatch_raw("echo", a_request("raw-4", dispatch_id="3f1c"))
    assert manager.final_answer("raw-4").dispatch_id is None


@pytest.mark.parametrize(
    ("worker_type", "status", "message"),
    [
        ("refuse", AnswerStatus.INVALID_CONTENT, "no width"),
        ("fail", AnswerStatus.ERROR, "ZeroDivisionError: no \udcff luck"),
        ("mumble", AnswerStatus.ERROR, "Unspeakable, whose text cannot be told (LookupError)"),
        ("quit", AnswerStatus.ERROR, "SystemExit: 3"),
        ("wrong", AnswerStatus.ERROR, "InvalidResult: WorkResult.content must be bytes, not str"),
        ("later", AnswerStatus.RETRY_LATER, "tape is busy"),
    ],
)
def test_it_words_what_went_wrong(
    manager: Manager, worker_type: str, status: AnswerStatus, message: str
) -> None:
    manager.dispatch_task(worker_type, a_request(f"wrong-{worker_type}"))
    answer = manager.final_answer(f"wrong-{worker_type}")
    assert answer.status is status
    assert answer.messages == (message,)
    assert answer.content is None


def test_it_says_when_to_try_again(manager: Manager) -> None:
    manager.dispatch_task("later", a_request("later-1"))
    assert manager.final_answer("later-1").retry_after == pytest.approx(7.5)


def test_it_answers_error_for_a_retry_that_the_sender_does_not_know(manager: Manager) -> None:
    manager.dispatch_raw("later", a_request("later-2", dispatch_id=None))
    answer = manager.final_answer("later-2")
    assert answer.status is AnswerStatus.ERROR
    assert answer.messages == ("tape is busy (retry after 7.5 s)",)


def test_it_announces_work_that_lasts(manager: Manager) -> None:
    manager.dispatch_task("Sleep", a_request("long-1", content=b"1.5"))
    assert manager.final_answer("long-1").status is AnswerStatus.SUCCESS
    running = [one for one in manager.answers("long-1") if one.status is AnswerStatus.RUNNING]
    # What an announcement without words has replaced is said again.
    assert Counter(one.messages for one in running) == {("50 %: half way",): 2, (): 1}


def test_it_dead_letters_a_raw_message_without_tenant(manager: Manager) -> None:
    manager.dispatch_raw("echo", a_request("refused-1", content=b"\x00kept"), **{"regards.tenant": ""})
    letter = manager.dead_letter()
    assert bytes(letter.body) == b"\x00kept"
    assert letter.headers["regards.request.id"] == "refused-1"


@pytest.mark.parametrize("body", ["not json", '{"args": 1}', '[["x"], {"dispatch_id": "1:1:1"}, {}]'])
def test_it_dead_letters_a_task_that_does_not_follow_the_contract(manager: Manager, body: str) -> None:
    manager.publish_task("echo", body, a_request("refused-2"))
    letter = manager.dead_letter()
    assert letter.headers["regards.request.id"] == "refused-2"
    manager.dispatch_task("echo", a_request(f"after {body}"))
    assert manager.final_answer(f"after {body}").status is AnswerStatus.SUCCESS


def test_it_sends_heartbeats_of_each_type(manager: Manager) -> None:
    beats = [manager.heartbeat() for _ in range(20)]
    bodies = {beat["type"]: beat for beat in (json.loads(one.body) for one in beats)}
    assert set(bodies) == {"echo", "refuse", "fail", "mumble", "quit", "later", "wrong", "Sleep"}
    assert bodies["echo"]["protocol"] == "celery"
    assert bodies["echo"]["version"] == "1.2"
    assert bodies["echo"]["concurrency"] == 1
    assert bodies["echo"]["heartBeatDate"].endswith("Z")
    assert {one.headers["regards.tenant"] for one in beats} == {"default"}
    assert len({beat["id"] for beat in bodies.values()}) == 1
