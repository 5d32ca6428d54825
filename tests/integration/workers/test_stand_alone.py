"""A fleet in an interpreter that has only what `pip install ./workers` brings, under a manager of REGARDS."""

from tests.integration.workers.fleet import Broker, Fleet
from tests.integration.workers.manager import Manager, a_request
from tests.stack import bare_interpreter
from workers.contract.work_answer import AnswerStatus

_CELERY = "from celery.__main__ import main; main()"


def test_it_answers_the_raw_message_of_a_manager_of_regards(broker: Broker) -> None:
    launcher = bare_interpreter.options(_CELERY)
    with (
        Manager(broker=broker) as manager,
        Fleet(broker=broker, types=["echo", "measure"], launcher=launcher),
    ):
        # It names no dispatch, and its body is whatever the client sent.
        manager.dispatch_raw("echo", a_request("alone-1", content=b"\x00\xff", dispatch_id=None), hint="x")
        manager.dispatch_raw("measure", a_request("alone-2", content=b'{"width": "x"}', dispatch_id=None))
        echoed, refused = manager.final_answer("alone-1"), manager.final_answer("alone-2")
    assert (echoed.status, echoed.content, echoed.dispatch_id) == (AnswerStatus.SUCCESS, b"\x00\xff", None)
    assert echoed.additional_headers == {"seen": "x"}
    assert refused.status is AnswerStatus.INVALID_CONTENT
    assert refused.messages[0].startswith("width: Input should be a valid integer")
