"""Bulk types: a fleet works at once on what is there, and one bad request does not spoil the others."""

import json

import pytest

from tests.integration.workers.fleet import Broker, Fleet
from tests.integration.workers.manager import Manager, a_request
from workers.contract.work_answer import AnswerStatus

_WIDTHS = (1, 2, -3, 4, "x", 6, 7)


def _dispatch(manager: Manager, pool: str, *widths: object) -> list[str]:
    names = [f"bulk-{pool}-{position}-{width}" for position, width in enumerate(widths)]
    for position, (name, width) in enumerate(zip(names, widths, strict=True)):
        content = json.dumps({"width": width}).encode()
        manager.dispatch_task("tally", a_request(name, content=content, dispatch_id=f"{position}:1:1"))
    return names


_POOLS = [["solo"], ["threads", "--concurrency", "1"], ["prefork", "--concurrency", "1"]]


@pytest.mark.parametrize("pool", _POOLS, ids=lambda pool: pool[0])
def test_it_works_at_once_on_what_is_there_and_answers_each_by_itself(
    broker: Broker, pool: list[str]
) -> None:
    with Manager(broker=broker) as manager:
        manager.declare_type("tally")
        names = _dispatch(manager, pool[0], *_WIDTHS)
        with Fleet(broker=broker, types=["tally"], pool=pool):
            answers = [manager.final_answer(name) for name in names]
            spoilt = _dispatch(manager, pool[0], *range(11, 14))
            others = [manager.final_answer(name) for name in spoilt]
    bad = {answer.messages for answer in answers if answer.status is AnswerStatus.INVALID_CONTENT}
    assert bad == {
        ("inside out",),
        ("width: Input should be a valid integer, unable to parse string as an integer, got 'x'",),
    }
    good = [answer for answer in answers if answer.status is AnswerStatus.SUCCESS]
    assert len(good) == 5
    assert max(int(answer.content or b"0") for answer in good) > 1
    assert [answer.status for answer in others] == [
        AnswerStatus.SUCCESS,
        AnswerStatus.SUCCESS,
        AnswerStatus.ERROR,
    ]


def test_a_lone_request_is_a_bulk_of_one(broker: Broker) -> None:
    with Manager(broker=broker) as manager, Fleet(broker=broker, types=["tally"]):
        (name,) = _dispatch(manager, "lone", 5)
        assert manager.final_answer(name).content == b"1"


def test_a_full_bulk_does_not_wait_and_the_rest_follows(broker: Broker) -> None:
    with Manager(broker=broker) as manager:
        manager.declare_type("tally")
        names = _dispatch(manager, "full", *range(20, 45))
        with Fleet(broker=broker, types=["tally"]):
            sizes = [int(manager.final_answer(name).content or b"0") for name in names]
    assert max(sizes) <= 10
    assert sizes.count(10) >= 10
