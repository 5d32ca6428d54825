"""A client on the embedded broker: kombu's own file system transport, nothing of the platform."""

import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kombu

from tests.acceptance.participant import REQUEST_EXCHANGE, RESPONSE_EXCHANGE, Client, Response


class EmbeddedClient(Client):
    """A client with a queue of its own in the folder of the broker."""

    def __init__(self, var: Path) -> None:
        super().__init__()
        messages, control = var / "broker" / "messages", var / "broker" / "control"
        for folder in (messages, control):
            folder.mkdir(parents=True, exist_ok=True)
        self._connection = kombu.Connection(
            "filesystem://",
            transport_options={
                "data_folder_in": str(messages),
                "data_folder_out": str(messages),
                "control_folder": control,
            },
        )
        self._channel = self._connection.channel()
        exchange = kombu.Exchange(RESPONSE_EXCHANGE, type="fanout", durable=True, channel=self._channel)
        name = f"acceptance.client.{secrets.token_hex(4)}"
        self._queue = kombu.Queue(name, exchange, channel=self._channel)
        self._queue.declare()
        # The transport knows an exchange's type only after a declaration by this process.
        kombu.Exchange(REQUEST_EXCHANGE, type="fanout", durable=True, channel=self._channel).declare()
        self._producer = kombu.Producer(self._channel)

    def close(self) -> None:
        self._connection.release()

    def send(self, *, headers: Mapping[str, Any], body: bytes) -> None:
        self._producer.publish(
            body,
            exchange=REQUEST_EXCHANGE,
            headers=dict(headers),
            content_type="application/json",
            content_encoding="utf-8",
        )

    def receive(self) -> Iterator[Response]:
        while (message := self._queue.get(no_ack=True)) is not None:
            yield Response(
                headers=message.headers, body=json.loads(message.body or b""), properties=message.properties
            )
