"""The embedded broker: kombu's ``filesystem://`` transport, made safe for several processes and big messages.

Platform, operator jobs and fleets all use it. The files are those of the plain transport. What differs: a
message appears whole or not at all, a half-written one of somebody else is waited for, bindings of two
processes that start together do not overwrite each other, and an idle reader costs one ``stat``.
"""

import fcntl
import itertools
import logging
import math
import os
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import Any, Final

from kombu.transport import filesystem, virtual
from kombu.utils.json import dumps, loads

from workers.transport.raw_messages import EmbeddedMessage

log = logging.getLogger(__name__)

#: Seconds between two looks into the folder; an unchanged folder costs one ``stat``.
POLLING_INTERVAL: Final = 0.025
#: Bytes of the longest name of a queue: with what the transport adds it is the name of a file.
LONGEST_NAME: Final = 200
#: Seconds after which a file that cannot be read is put aside; its writer is dead.
_WRITING_TAKES: Final = 2.0
#: Nanoseconds without a change after which the time of the folder can be trusted to show the next change.
_QUIET: Final = 100_000_000
_sequence: Final = itertools.count()


class EmbeddedChannel(filesystem.Channel):
    """One process's view of the folder."""

    Message = EmbeddedMessage

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The plain transport expects its folders to exist.
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)
        self._waiting: dict[str, deque[str]] = defaultdict(deque)
        self._listed_at = -1

    def queue_bind(
        self, queue: str, exchange: str | None = None, routing_key: str = "", *_unused: Any, **__unused: Any
    ) -> None:
        """Bind a queue; unlike the plain transport, also when this process did it before."""
        self.state.binding_delete(queue, exchange or "", routing_key)
        super().queue_bind(queue, exchange, routing_key)

    def knows(self, exchange: str) -> bool:
        """Return whether this process declared an exchange."""
        return not exchange or exchange in (self.state.exchanges or {})

    def routes(self, exchange: str, routing_key: str) -> bool:
        """Return whether a message would reach a queue."""
        return not exchange or bool(self._lookup(exchange, routing_key))

    def take(self, queue: str) -> dict[str, Any] | None:
        """Take the oldest message, as it is written in its file; ``None`` when there is none."""
        try:
            return self._get(queue)
        except Empty:
            return None

    def give_back(self, queue: str, payload: dict[str, Any]) -> None:
        """Put a message back that was taken and not worked on to the end."""
        self._put(queue, payload | {"redelivered": True})

    def _restore(self, message: Any) -> None:
        # The plain transport says so where no consumer looks.
        message.delivery_info["redelivered"] = True
        super()._restore(message)

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None
    ) -> None:
        with self._bindings():
            file: Path = self._exchange_file(exchange)
            if not file.exists():
                # The plain transport creates the file empty, and its readers cannot read an empty file.
                self._write(file, "[]")
            super()._queue_bind(exchange, routing_key or "", pattern, queue or "")

    def get_table(self, exchange: str) -> list[Any]:
        """Read the bindings of an exchange; never while another process writes them."""
        with self._bindings():
            return list(super().get_table(exchange))

    def _put(self, queue: str, message: dict[str, Any], **_unused: object) -> None:
        # The first part is the plain transport's, so that the files of both sort by age.
        age, unique = round(time.monotonic() * 1000), f"{os.getpid()}-{os.urandom(4).hex()}"
        name = f"{age}_{next(_sequence):08d}-{unique}.{queue}.msg"
        self._write(Path(self.data_folder_out) / name, dumps(message))

    def _write(self, file: Path, text: str) -> None:
        draft = self.control_folder / f"{os.getpid()}-{next(_sequence)}-{os.urandom(4).hex()}.draft"
        draft.write_text(text)
        draft.replace(file)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 (kombu's)
        while True:
            if not self._waiting[queue]:
                self._look_again()
            if not self._waiting[queue]:
                raise Empty
            payload = self._take(self._waiting[queue].popleft())
            if payload is not None:
                return payload

    def _look_again(self) -> None:
        changed = Path(self.data_folder_in).stat().st_mtime_ns
        if changed == self._listed_at:
            return
        self._listed_at = changed if time.time_ns() - changed > _QUIET else -1
        self._waiting.clear()
        for name in sorted(os.listdir(self.data_folder_in)):  # noqa: PTH208 (names are all it needs)
            if name.endswith(".msg"):
                self._waiting[name.partition(".")[2].removesuffix(".msg")].append(name)

    def _take(self, name: str) -> dict[str, Any] | None:
        taken = self.control_folder / f"{name}.taken"
        try:
            (Path(self.data_folder_in) / name).rename(taken)
        except FileNotFoundError:  # another process was faster
            return None
        deadline = time.monotonic() + _WRITING_TAKES
        while True:
            try:
                payload: dict[str, Any] = loads(taken.read_bytes())
            except (ValueError, RecursionError):
                if time.monotonic() > deadline:
                    taken.rename(taken.with_suffix(".unreadable"))
                    log.exception(
                        "file of a message is unreadable",
                        extra={"action": "broker.unreadable_file", "file": name},
                    )
                    return None
                time.sleep(0.005)
            else:
                taken.unlink()
                return payload

    @contextmanager
    def _bindings(self) -> Iterator[None]:
        with (self.control_folder / "bindings.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class EmbeddedTransport(filesystem.Transport):
    """The transport that uses these channels."""

    Channel = EmbeddedChannel
    cycle: Any
    polling_interval: float

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The plain transport shares what it declared among all folders of the process.
        self.state = virtual.BrokerState()
        #: Ends a wait for messages before its time.
        self.interrupted: Callable[[], bool] = lambda: False

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # noqa: ARG002 (kombu's)
        """Deliver one message.

        Raises:
            TimeoutError: there was none within ``timeout`` seconds, or the wait was interrupted.
        """
        until = math.inf if timeout is None else time.monotonic() + timeout
        while not self.interrupted():
            with suppress(Empty):
                self.cycle.get(self._deliver, timeout=0)
                return
            left = until - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, self.polling_interval))
        raise TimeoutError

    @property
    def default_connection_params(self) -> dict[str, Any]:
        """Return nothing: there is no host to connect to."""
        return {}


def transport_options(folder: Path) -> dict[str, Any]:
    """Return the options of connections to the embedded broker in a folder; it is made at first use."""
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": POLLING_INTERVAL,
    }
