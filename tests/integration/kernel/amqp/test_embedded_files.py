"""The folder of the embedded broker, shared with processes that use kombu's own transport."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import kombu
import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.publisher import Publisher
from tests.integration.kernel.amqp.reading import NoteTaker, Reader, consume

TASKS = topology.worker_topology("Unzip").queues[1]
TASK = Outbound(
    exchange="", routing_key=TASKS.name, headers={"a": "b"}, body=b"[[], {}]", worker_type="Unzip"
)


def plain(folder: Path) -> kombu.Connection:
    messages = str(folder / "messages")
    options = {
        "data_folder_in": messages,
        "data_folder_out": messages,
        "control_folder": str(folder / "control"),
    }
    return kombu.Connection("filesystem://", transport_options=options)


def test_a_plain_transport_reads_what_it_writes(embedded: BrokerAddress) -> None:
    Publisher(address=embedded).publish_all([TASK])
    with plain(embedded.folder) as connection:
        channel: Any = connection.default_channel
        message = channel.basic_get(TASKS.name)
    assert (message.body, message.headers) == (b"[[], {}]", {"a": "b"})
    assert message.content_type == "application/json"


def test_it_reads_what_a_plain_transport_writes(embedded: BrokerAddress) -> None:
    Publisher(address=embedded).publish_all([])
    reader = Reader(embedded)
    reader.read(topology.answers(), expected=0)
    with plain(embedded.folder) as connection:
        connection.Producer().publish(
            b"answer",
            exchange=kombu.Exchange("regards.worker.manager.response", "topic"),
            routing_key="#",
            declare=[kombu.Exchange("regards.worker.manager.response", "topic")],
            headers={"regards.tenant": "perf"},
            correlation_id="1:1:1",
        )
    [message] = reader.read(topology.answers(), expected=1)
    assert (message.body, message.correlation_id) == (b"answer", "1:1:1")
    assert message.headers["regards.tenant"] == "perf"


def test_it_waits_for_a_file_that_is_still_being_written(embedded: BrokerAddress) -> None:
    publisher = Publisher(address=embedded)
    publisher.publish_all([TASK])
    [file] = (embedded.folder / "messages").iterdir()
    whole = file.read_text()
    file.write_text(whole[:20])
    with file.open("w") as slow:
        slow.write(whole[:20])
        slow.flush()

        def finish() -> None:
            time.sleep(0.3)
            slow.write(whole[20:])
            slow.flush()

        writer = threading.Thread(target=finish)
        writer.start()
        [message] = Reader(embedded).read(TASKS, expected=1)
        writer.join()
    assert message.body == TASK.body


@pytest.mark.parametrize("text", ['{"body": "', '{"headers": ' + "[" * 20_000])
def test_it_puts_a_file_aside_that_nobody_finishes(embedded: BrokerAddress, text: str) -> None:
    publisher = Publisher(address=embedded)
    publisher.publish_all([TASK])
    (embedded.folder / "messages" / f"0_half.{TASKS.name}.msg").write_text(text)
    assert [message.body for message in Reader(embedded).read(TASKS, expected=1)] == [TASK.body]
    assert len(list((embedded.folder / "control").glob("*.unreadable"))) == 1


def test_it_dead_letters_a_body_that_is_no_base64(embedded: BrokerAddress) -> None:
    publisher = Publisher(address=embedded)
    publisher.publish_all([TASK])
    [file] = (embedded.folder / "messages").iterdir()
    file.write_text(json.dumps(json.loads(file.read_text()) | {"body": "no base64!"}))
    [message] = Reader(embedded).read(TASKS, expected=1)
    assert "base64" in (message.unreadable or "")


def test_it_puts_back_what_it_did_not_finish(embedded: BrokerAddress) -> None:
    publisher = Publisher(address=embedded)
    publisher.publish_all([TASK])
    consumer = NoteTaker(expected=1, queue=TASKS)
    consumer.stop.set()
    consume(consumer, address=embedded, publisher=publisher)
    assert len(Reader(embedded).read(TASKS, expected=1)) == 1


def test_it_loses_no_binding_when_processes_start_together(embedded: BrokerAddress) -> None:
    publishers = [Publisher(address=embedded) for _ in range(8)]
    starts = [
        threading.Thread(
            target=publisher.publish_all,
            args=([Outbound(exchange="", routing_key="q", headers={}, body=b"", worker_type=f"t{number}")],),
        )
        for number, publisher in enumerate(publishers)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    table = json.loads((embedded.folder / "control" / "regards.DLX.exchange").read_text())
    assert sorted(queue for _, _, queue in table) == [
        "regards.DLQ",
        "regards.worker.manager.request.dlq",
        "regards.worker.manager.response.DLQ",
    ]
