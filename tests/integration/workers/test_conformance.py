"""`python -m workers conformance` on workers of ours, in another language, and on one that does it wrong."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kombu import Connection

from tests.architecture import tree
from tests.integration.workers.fleet import Broker, Fleet
from workers.commands.command_line import main
from workers.contract import headers, names
from workers.sdk import topology

pytestmark = pytest.mark.rabbitmq

_JAVASCRIPT = tree.ROOT / "tests" / "acceptance" / "javascript" / "worker.js"
_GOOD = ["--content", '{"width": 3}', "--beat-timeout", "5", "--timeout", "10"]


def _verdicts(capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, str]]:
    """Return outcome and what was seen, by rule."""
    lines = capsys.readouterr().out.splitlines()
    return {
        rule[7:]: (rule[:6].strip(), seen.strip()) for rule, seen in zip(lines[::2], lines[1::2], strict=True)
    }


def _url(broker: Broker) -> str:
    assert broker.url
    return broker.url


def test_our_fleet_does_everything_right(rabbitmq: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    url = _url(rabbitmq)
    with Fleet(broker=rabbitmq, types=["measure"]):
        code = main(["conformance", "--url", url, "--type", "measure", *_GOOD, "--invalid", '{"width": "x"}'])
    verdicts = _verdicts(capsys)
    assert {outcome for outcome, _ in verdicts.values()} == {"right"}, verdicts
    assert len(verdicts) == 12
    assert code == 0


@pytest.mark.node
def test_a_worker_in_another_language_does_everything_right(
    rabbitmq: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    url = _url(rabbitmq)
    with _javascript(url):
        code = main(
            ["conformance", "--url", url, "--type", "foreign", *_GOOD, "--invalid", '{"ask":"invalid"}']
        )
    verdicts = _verdicts(capsys)
    assert {outcome for outcome, _ in verdicts.values()} == {"right"}, verdicts
    assert code == 0


def test_it_tells_what_a_worker_does_wrong_in_the_words_of_the_contract(
    rabbitmq: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    url = _url(rabbitmq)
    with _careless_worker(url):
        options = ["--beat-timeout", "0.5", "--timeout", "1"]
        code = main(["conformance", "--url", url, "--type", "careless", *options])
    verdicts = _verdicts(capsys)
    assert code == 1
    seen = {
        outcome: [text for kind, text in verdicts.values() if kind == outcome]
        for outcome in ("WRONG", "open")
    }
    wrong = "\n".join(seen["WRONG"])
    assert "none came in 0.5 s" in wrong
    assert "SUCCESS once was expected, got SUCCESS, SUCCESS" in wrong
    assert "header regards.tenant must be that of the request, 'conformance-other', got 'default'" in wrong
    assert "content must be Base64 text, not list" in wrong
    assert "the next request: SUCCESS once was expected" in wrong
    assert seen["open"] == ["give a content that it refuses with --invalid"]


def test_it_tells_that_nobody_is_there(rabbitmq: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    with Connection(_url(rabbitmq)) as connection:
        channel: Any = connection.channel()
        channel.queue_declare(names.request_queue("other"), durable=True, auto_delete=False)
        code = main(["conformance", "--url", _url(rabbitmq), "--type", "other"])
    (verdict,) = _verdicts(capsys).values()
    assert code == 1
    assert verdict[0] == "WRONG"
    assert "inequivalent arg 'x-" in verdict[1]


def test_it_does_not_tell_the_password_of_a_broker_that_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "--url", "amqp://ada:sesame@127.0.0.1:1//", "--type", "x"]) == 1
    error = capsys.readouterr().err
    assert "the broker of --url cannot be reached" in error
    assert "sesame" not in error


@pytest.mark.parametrize(
    "url",
    ["amq://ada:sesame@127.0.0.1//", "ada:sesame@127.0.0.1", "amqp://", "amqp://ada:ses/ame@127.0.0.1//"],
)
def test_it_refuses_what_is_no_address_of_a_broker(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "--url", url, "--type", "x"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("python -m workers: --url ")
    assert "amqp or amqps or pyamqp, followed by ://host" in line
    assert "ses" not in line


@pytest.mark.parametrize(
    ("login", "host", "reason"),
    [("ada:sesame", "", "ACCESS_REFUSED"), ("", "no-such-host", "NOT_ALLOWED")],
)
def test_it_says_that_a_broker_does_not_let_it_in(
    rabbitmq: Broker, capsys: pytest.CaptureFixture[str], login: str, host: str, reason: str
) -> None:
    parts = urlsplit(_url(rabbitmq))
    ours = parts.netloc.rpartition("@")[0]
    url = f"amqp://{login or ours}@{parts.hostname}:{parts.port or 5672}/{host or parts.path[1:]}"
    assert main(["conformance", "--url", url, "--type", "x"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("python -m workers: the broker of --url refuses: ")
    assert reason in line
    assert "sesame" not in line


@contextmanager
def _javascript(url: str) -> Iterator[None]:
    node = shutil.which("node") or "node"
    with subprocess.Popen(
        [node, str(_JAVASCRIPT), "foreign"],
        env={"BROKER_URL": url, "BEAT_MS": "200", "PATH": str(Path(node).parent)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert "is ready for" in process.stdout.readline()
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def _careless_worker(url: str) -> Iterator[None]:
    """Run a worker that never beats, answers twice, always for one tenant, with contents that are no text."""
    stopping = threading.Event()
    with Connection(url) as connection:
        channel: Any = connection.channel()
        topology.declare(channel=channel, types=["careless"])

        def answer(message: Any) -> None:
            for _ in range(2):
                body = json.dumps(
                    {"status": "SUCCESS"} if message.body else {"status": "SUCCESS", "content": []}
                )
                told = {headers.TENANT: "default", headers.REQUEST_ID: message.headers[headers.REQUEST_ID]}
                channel.basic_publish(
                    channel.prepare_message(body.encode(), headers=told),
                    exchange=names.RESPONSE_EXCHANGE,
                    routing_key=names.WORKER_ROUTING_KEY,
                )

        channel.basic_consume(names.request_queue("careless"), callback=answer, no_ack=True)
        thread = threading.Thread(target=_drain, args=(connection, stopping))
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()


def _drain(connection: Connection, stopping: threading.Event) -> None:
    while not stopping.is_set():
        try:
            connection.drain_events(timeout=0.1)
        except TimeoutError:
            continue
