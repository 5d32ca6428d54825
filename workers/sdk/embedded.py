"""The embedded broker: kombu's file system transport, made safe for several processes.

The files are those of the plain transport, so the platform and anybody on that transport take part.
"""

import fcntl
import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any, Final

from kombu.transport import filesystem, virtual
from kombu.utils.json import dumps, loads

#: Seconds between two looks at the folder of an idle worker.
_POLLING: Final = 0.05
#: Seconds after which half a message stays half: its writer is dead.
_WRITING_TAKES: Final = 2.0
_READ_PAUSE: Final = 0.01

_log: Final = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """The transport's channel, without its gaps between processes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # The transport expects its folders to exist.
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: Any, **_options: object) -> None:  # type: ignore[override]  # kombu has two
        """Add a message; it appears under its name only when it is complete."""
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        self._write(Path(self.data_folder_out, name), dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002  # kombu's signature
        """Take the oldest message of a queue."""
        ending = f"{queue}.msg"
        for name in sorted(os.listdir(self.data_folder_in)):  # noqa: PTH208  # names are all it needs
            if name.partition(".")[2] != ending:
                continue
            taken = self.control_folder / f"{name}.taken"
            try:
                Path(self.data_folder_in, name).rename(taken)
            except FileNotFoundError:
                continue
            payload = _read(taken)
            if payload is not None:
                return payload
        raise Empty

    def get_table(self, exchange: str) -> list[Any]:
        """Read the bindings of an exchange; never while another process writes them."""
        with self._bindings():
            return list(super().get_table(exchange))

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None
    ) -> None:
        with self._bindings():
            file: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
            if not file.exists():
                # Readers cannot read the empty file that the transport would make first.
                self._write(file, "[]")
            super()._queue_bind(exchange, routing_key or "", pattern, queue or "")

    def _write(self, file: Path, text: str) -> None:
        draft = self.control_folder / f"{uuid.uuid4()}.draft"
        draft.write_text(text, encoding="utf-8")
        draft.rename(file)

    @contextmanager
    def _bindings(self) -> Iterator[None]:
        with Path(self.control_folder, "bindings.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """The transport of the embedded broker."""

    Channel = Channel

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # The original shares what it declared among all folders of the process.
        self.state = virtual.BrokerState()

    @property
    def default_connection_params(self) -> dict[str, Any]:
        """Return nothing: there is no host to connect to."""
        return {}


def transport_options(*, var: Path) -> dict[str, Any]:
    """Return the options of connections to the embedded broker; its folders are made at first use."""
    messages, control = var / "broker" / "messages", var / "broker" / "control"
    return {
        "data_folder_in": os.fspath(messages),
        "data_folder_out": os.fspath(messages),
        "control_folder": control,
        "polling_interval": _POLLING,
    }


def _read(taken: Path) -> Any:
    """Read and remove a message file; another process may still be writing it."""
    until = time.monotonic() + _WRITING_TAKES
    while True:
        try:
            payload = loads(taken.read_bytes())
        except ValueError:
            if time.monotonic() > until:
                _log.exception("file of a message is unreadable", extra={"file": taken.name})
                taken.rename(taken.with_suffix(".unreadable"))
                return None
            time.sleep(_READ_PAUSE)
        else:
            taken.unlink()
            return payload
