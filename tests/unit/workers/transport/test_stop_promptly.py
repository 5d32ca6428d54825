"""A wait for the embedded broker ends as soon as its process is told to stop."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.worker import state
from kombu import Connection, Queue

from regards_processing.celery import app as jobs
from workers.sdk.application import build_application
from workers.sdk.config import WorkerConfig
from workers.transport.embedded import EmbeddedTransport, transport_options
from workers.transport.prompt_stop import PromptStop

_FOREVER = None


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """Give a connection that a worker of Celery has opened, with a queue that it reads."""
    options = transport_options(tmp_path)
    with Connection(transport=EmbeddedTransport, transport_options=options) as opened:
        PromptStop(_Consumer(opened)).start(_Consumer(opened))
        yield opened


class _Consumer:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection


def _read(connection: Connection, heard: list[str]) -> Any:
    queue = Queue("work", routing_key="work")
    return connection.Consumer([queue], callbacks=[lambda body, _: heard.append(body)], no_ack=True)


@pytest.mark.parametrize("flag", ["should_stop", "should_terminate"])
@pytest.mark.parametrize("code", [0, 1, True])
def test_it_waits_no_longer_once_it_is_told(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, flag: str, code: object
) -> None:
    monkeypatch.setattr(state, flag, code)
    with _read(connection, []), pytest.raises(TimeoutError):
        connection.drain_events(timeout=_FOREVER)


def test_it_delivers_until_then(connection: Connection) -> None:
    heard: list[str] = []
    with _read(connection, heard):
        connection.Producer().publish("first", routing_key="work")
        connection.drain_events(timeout=_FOREVER)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.05)
    assert heard == ["first"]


def test_an_error_of_who_hears_is_no_silence(connection: Connection) -> None:
    def refuse(*_message: object) -> None:
        raise ConnectionError("not now")

    with connection.Consumer([Queue("work", routing_key="work")], callbacks=[refuse]):
        connection.Producer().publish("first", routing_key="work")
        with pytest.raises(ConnectionError, match="not now"):
            connection.drain_events(timeout=1)


@pytest.mark.parametrize("app", [jobs, build_application(config=WorkerConfig.from_env({}))])
def test_fleets_and_jobs_do(app: Celery) -> None:
    assert PromptStop in app.steps["consumer"]
