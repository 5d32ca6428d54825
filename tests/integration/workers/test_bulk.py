"""Bulk types: a fleet works at once on what is there, and one bad request does not spoil the others."""

import json

import pytest

from tests.integration.workers.fleet import Broker, Fleet
from tests.integration.workers.manager import Manager, a_request
from workers.contract.work_answer import AnswerStatus

_WIDTHS = (1, 2, -3, 4, "x", 6, 7)


def _dispatch(manager: Manager, *widths: object) -> list[str]:
    names = [f"bulk-{position}-{width}" for position, width in enumerate(widths)]
    for position, (name, width) in enumerate(zip(names, widths, strict=True)):
        content = json.dumps({"width": width}).encode()
        manager.dispatch_task("tally", a_request(name, content=content, dispatch_id=f"{position}:1:1"))
    return names


@pytest.mark.rabbitmq
@pytest.mark.parametrize("pool", [["solo"], ["prefork", "--concurrency", "1"]], ids=lambda pool: pool[0])
def test_it_works_at_once_on_what_is_there_and_answers_each_by_itself(
    rabbitmq: Broker, pool: list[str]
) -> None:
    with Manager(broker=rabbitmq) as manager:
        manager.declare_type("tally")
        names = _dispatch(manager, *_WIDTHS)
        with Fleet(broker=rabbitmq, types=["tally"], pool=pool):
            answers = [manager.final_answer(name) for name in names]
            spoilt = _dispatch(manager, *range(11, 14))
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


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
def test_it_works_on_one_at_a_time_where_the_broker_gives_one_at_a_time(broker: Broker) -> None:
    with Manager(broker=broker) as manager, Fleet(broker=broker, types=["tally"]):
        (name,) = _dispatch(manager, 5)
        assert manager.final_answer(name).content == b"1"
