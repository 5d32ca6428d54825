"""A worker in JavaScript, made from the contract alone, beside fleets of ours."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.amqp_client import RabbitClient
from tests.acceptance.tables import requests_left
from tests.acceptance.worker_types import ALL_BYTES
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess

pytestmark = [pytest.mark.rabbitmq, pytest.mark.node]

_WORKER = Path(__file__).parent / "javascript" / "worker.js"


@pytest.fixture(scope="module", autouse=True)
def worker(shared: Platform) -> Iterator[ManagedProcess]:
    """Run one process of the worker for two types that no fleet of ours serves."""
    node = shutil.which("node") or "node"
    command = [node, str(_WORKER), "foreign-single,foreign-middle"]
    variables = {"BEAT_MS": "300"}
    process = shared.run("javascript", command, ready="is ready for", variables=variables)
    yield process
    assert process.terminate() == 0


def test_it_plays_the_middle_step_between_celery_tasks(client: RabbitClient) -> None:
    client.submit("js-1", "foreign-in-the-middle")
    success = client.await_states("js-1", "GRANTED", "GRANTED", "GRANTED", "SUCCESS")[-1]
    seen = json.loads(success.content)
    assert base64.b64decode(seen["content"]) == ALL_BYTES[::-1]
    assert seen["content_type"] == "foreign-in-the-middle"
    assert seen["headers"] == {"js.bytes": "256", "js.city": "Orléans"}


def test_it_gets_letters_of_all_languages_and_returns_bytes_that_are_no_text(client: RabbitClient) -> None:
    body = '{"città": "Orléans, Ελλάδα, 東京, 🛰️"}'.encode()
    client.submit("js-2", "foreign-single", body)
    success = client.await_states("js-2", "GRANTED", "SUCCESS")[-1]
    assert success.content == body[::-1]
    assert success.message == "Your request has been successfully handled by the <foreign-single> worker."


@pytest.mark.parametrize(
    ("ask", "state", "error"),
    [
        ("invalid", "INVALID_CONTENT", "no géométrie in the body"),
        ("error", "ERROR", "the disk is full"),
        ("reject", "ERROR", "Unknown error from worker"),
        ("crash", "ERROR", "TypeError: undefined is not a scene\n"),
    ],
)
def test_it_ends_a_request_in_each_of_the_ways_of_the_contract(
    client: RabbitClient, shared: Platform, ask: str, state: str, error: str
) -> None:
    name = f"js-{ask}"
    client.submit(name, "foreign-single", json.dumps({"ask": ask}).encode())
    refusal = client.await_states(name, "GRANTED", state)[-1]
    assert error in refusal.message
    (stored,) = [row for row in requests_left(shared.stack) if row[0] == name]
    assert stored[1] == state
    assert stored[2].startswith(error)
