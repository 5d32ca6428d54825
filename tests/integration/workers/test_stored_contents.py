"""A fleet answers with references to files, and says that it reads them."""

import json
from collections.abc import Iterator

import pytest

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from tests.integration.workers.manager import Manager, a_request
from workers.contract.content_folder import ContentFolder
from workers.contract.stored_content import StoredContent

_LARGE = b"x" * 5000


@pytest.fixture(scope="module")
def storing(broker: Broker) -> Iterator[Manager]:
    """Play the manager of a fleet that stores contents of more than 1000 bytes."""
    with (
        Manager(broker=broker) as playing,
        Fleet(broker=broker, types=["echo"], pool=("threads",), WORKER_STORED_CONTENT_BYTES="1000"),
    ):
        yield playing


def _folder(broker: Broker, request: int) -> ContentFolder:
    return ContentFolder(storage=broker.var / "storage", tenant="default", request=request)


def test_it_stores_a_large_content_and_reads_it_again(storing: Manager, broker: Broker) -> None:
    request = a_request("stored-1", content=_LARGE, dispatch_id="71:1:3", accepts_stored=True)
    storing.dispatch_task("echo", request)
    made = storing.final_answer("stored-1").stored
    assert made == StoredContent.of(_LARGE, attempt=3)
    assert _folder(broker, 71).load(made) == _LARGE
    following = a_request("stored-2", content=b"", stored=made, dispatch_id="71:2:4")
    storing.dispatch_task("echo", following)
    answer = storing.final_answer("stored-2")
    assert (answer.content, answer.stored) == (_LARGE, None)


def test_it_answers_a_raw_message_with_the_content(storing: Manager) -> None:
    storing.dispatch_raw(
        "echo", a_request("stored-3", content=_LARGE), **{"x-accepts-stored-content": "true"}
    )
    assert storing.final_answer("stored-3").content == _LARGE


def test_it_says_by_heartbeat_that_it_reads_them(storing: Manager) -> None:
    assert wait_for(lambda: json.loads(storing.heartbeat().body).get("storedContents")) is True
