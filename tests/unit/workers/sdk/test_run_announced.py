"""A fleet's run tells its manager what the worker type says while it works."""

import queue
from pathlib import Path

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import WorkContext, WorkResult, worker_type
from workers.sdk.config import WorkerConfig
from workers.sdk.runner import Runner
from workers.sdk.tracing import Tracing

_announced: queue.Queue[WorkAnswer] = queue.Queue()
_heard: list[WorkAnswer] = []


@worker_type("talkative", version="1")
def _talk(_request: WorkRequest, context: WorkContext) -> WorkResult:
    """Speak, and go on when it was heard."""
    context.log.debug("%s of no interest", "details")
    context.log.warning("disk is %d %% full", 97)
    context.progress("half way", 50)
    _heard.append(_announced.get(timeout=10))
    return WorkResult()


def test_it_announces_progress_with_the_log_lines_before_it(tmp_path: Path) -> None:
    config = WorkerConfig.from_env({"REGARDS_VAR": str(tmp_path), "WORKER_ID": "w-1"})
    runner = Runner(config=config, announce=_announced.put, tracing=Tracing(config=config))
    request = WorkRequest(tenant="demo", request_id="r-1", headers={}, dispatch_id="7:1:2")
    assert runner.answer(worker_type="talkative", request=request).status is AnswerStatus.SUCCESS
    (answer,) = _heard
    assert (answer.status, answer.request_id, answer.dispatch_id) == (AnswerStatus.RUNNING, "r-1", "7:1:2")
    assert answer.worker_id == "w-1"
    assert answer.messages == ("disk is 97 % full\n50 %: half way",)
    assert _announced.empty()
