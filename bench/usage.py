"""What processes use: processor time and peak memory, children included. Linux."""

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil
import psycopg2

_PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class NotMeasurable(Exception):
    """A process of the servers cannot be found from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessTree:
    """A process and all that descend from it."""

    name: str
    pid: int

    def cpu_seconds(self) -> float:
        """Return the processor time used so far; children that have ended count through their parent."""
        return sum(_cpu_seconds(process) for process in self._processes())

    def peak_bytes(self) -> int:
        """Return the largest resident memory that one process of the tree ever had."""
        return max((_peak_bytes(process.pid) for process in self._processes()), default=0)

    def _processes(self) -> list[psutil.Process]:
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]


def cpu_seconds(trees: Iterable[ProcessTree]) -> dict[str, float]:
    """Return the processor time of each tree so far."""
    return {tree.name: tree.cpu_seconds() for tree in trees}


def difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return what was used between two readings."""
    return {name: used - before.get(name, 0.0) for name, used in after.items()}


def postgres(url: str) -> ProcessTree:
    """Return the server of a database, with its helpers and all its connections.

    Raises:
        NotMeasurable: the server is not a process of this machine.
    """
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone() or (0,)
        try:
            parent = psutil.Process(pid).parent()
        except psutil.NoSuchProcess:
            parent = None
    if parent is None or "postgres" not in " ".join([parent.name(), *parent.cmdline()[:1]]):
        raise NotMeasurable(f"PostgreSQL's connection {pid} is not a process of this machine")
    return ProcessTree(name="postgres", pid=parent.pid)


def rabbitmq(url: str) -> ProcessTree:
    """Return the node that listens on the port of a broker address.

    Raises:
        NotMeasurable: no process of this machine does, or it is not visible to this user.
    """
    port = urlsplit(url).port or 5672
    listening = {
        connection.pid
        for connection in psutil.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid
    }
    # Who is not root sees no sockets of other users; a lone node is still known by its name.
    named = [process.pid for process in psutil.process_iter() if process.name() == "beam.smp"]
    for found in (sorted(listening), named):
        if len(found) == 1:
            return ProcessTree(name="rabbitmq", pid=found[0])
    raise NotMeasurable(f"No one process of this machine is RabbitMQ on port {port}; seen: {named}")


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _peak_bytes(pid: int) -> int:
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
