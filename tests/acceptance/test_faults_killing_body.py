"""A body that kills every process which runs it."""

import pytest

from tests.acceptance.participant import Client
from tests.acceptance.tables import requests_left
from tests.acceptance.worker_types import effect_file
from tests.stack.platform import Platform

pytestmark = pytest.mark.rabbitmq


def test_it_gives_up_a_body_that_kills_its_workers_and_spares_its_neighbours(
    client: Client, shared: Platform
) -> None:
    neighbours = [f"spared-{number}" for number in range(20)]
    for name in neighbours[:10]:
        client.submit(name, "kill")
    client.submit("deadly", "kill", b'{"poison":true}')
    for name in neighbours[10:]:
        client.submit(name, "kill")
    fleet = shared.start_fleet(["accept-kill"], pool="prefork", concurrency=2)
    error = client.await_final("deadly", timeout=40)
    client.await_all(neighbours)
    assert error.state == "ERROR"
    assert error.message == (
        "Error during processing your request in <accept-kill> worker : Cause : Given up after 5 attempts "
        "without an answer: the worker that had the request was lost."
    )
    assert {client.finals(name)[-1].state for name in neighbours} == {"SUCCESS"}
    assert len(effect_file(shared.stack.var / "storage", "deadly").read_text().splitlines()) == 5
    assert "deadly" in {row[0] for row in requests_left(shared.stack)}
    fleet.kill()
