"""Looking through a queue of the embedded broker: its messages are files, and reading moves none."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kombu.utils.json import loads

from regards_processing.kernel.amqp.browsing import Letter
from regards_processing.kernel.amqp.connection import BrokerAddress, broker_errors, open_connection
from regards_processing.kernel.amqp.embedded import as_inbound
from regards_processing.kernel.amqp.embedded_inspection import EmbeddedInspector
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.topology import QueueSpec


class EmbeddedBrowser:
    """Looks into the folder."""

    def __init__(self, *, address: BrokerAddress, queue: QueueSpec) -> None:
        self._address = address
        self._queue = queue.name
        self._inspector = EmbeddedInspector(address=address)
        with broker_errors(address):
            self._connection = open_connection(address=address)
            channel: Any = self._connection.channel()
        self._folder = Path(channel.data_folder_in)

    def letters(self) -> Iterator[Letter]:
        """Read the files of the queue, oldest first."""
        position = 0
        for file in self._files():
            with broker_errors(self._address):
                try:
                    content = file.read_bytes()
                except FileNotFoundError:  # somebody else took it
                    continue
            position += 1
            yield Letter(position=position, message=self._inbound(content), mark=file)

    def has(self, queue: str) -> bool:
        """Look for a route to the queue, or a message in it."""
        with broker_errors(self._address):
            waiting = {_queue_of(file) for file in self._folder.iterdir()}
        return queue in waiting or queue in self._inspector.bound_queues()

    def remove(self, letters: Sequence[Letter]) -> None:
        """Delete files."""
        with broker_errors(self._address):
            for letter in letters:
                letter.mark.unlink(missing_ok=True)

    def close(self) -> None:
        """Forget the folder."""
        self._inspector.close()
        self._connection.release()

    def _files(self) -> list[Path]:
        with broker_errors(self._address):
            return sorted(file for file in self._folder.iterdir() if _queue_of(file) == self._queue)

    def _inbound(self, content: bytes) -> Inbound:
        try:
            return as_inbound(self._queue, loads(content))
        except ValueError as error:
            unread = repr(error)
        return Inbound(
            queue=self._queue, exchange="", routing_key="", headers={}, body=content, unreadable=unread
        )


def _queue_of(file: Path) -> str:
    return file.name.partition(".")[2].removesuffix(".msg")
