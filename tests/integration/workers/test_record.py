"""Requests that a running fleet records, wherever its pool runs them."""

from pathlib import Path

import pytest

from tests.integration.workers.fleet import Broker, Fleet
from tests.integration.workers.manager import Manager, a_request
from workers.contract.work_answer import AnswerStatus
from workers.sdk.recordings import recordings


@pytest.mark.parametrize("pool", [["solo"], ["prefork", "--concurrency", "2"]], ids=lambda pool: pool[0])
def test_it_records_what_it_answers(broker: Broker, pool: list[str], tmp_path: Path) -> None:
    good, bad = a_request(f"good-{pool[0]}", content=b"\x00"), a_request(f"bad-{pool[0]}")
    with (
        Manager(broker=broker) as manager,
        Fleet(broker=broker, types=["echo", "refuse"], pool=pool, WORKER_RECORD_DIR=str(tmp_path)),
    ):
        manager.dispatch_task("echo", good)
        manager.dispatch_raw("refuse", bad)
        answers = {name: manager.final_answer(name) for name in (good.request_id, bad.request_id)}
    found = {recording.request.request_id: recording for _, recording in recordings(tmp_path)}
    assert {name: recording.answer for name, recording in found.items()} == answers
    assert found[good.request_id].request.content == b"\x00"
    assert found[bad.request_id].answer.status is AnswerStatus.INVALID_CONTENT
