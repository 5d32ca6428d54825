"""What the figures were measured on."""

import os
import platform
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from bench.broker import Broker

_PACKAGES = ("celery", "kombu", "amqp", "Django", "django-celery-results", "psycopg2-binary")


def describe(*, database_url: str, broker_url: str) -> dict[str, Any]:
    """Return cores, memory and versions."""
    with closing(psycopg2.connect(database_url)) as connection:
        database = connection.server_version
    with Broker(broker_url) as broker:
        server = broker.server
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "load_before": os.getloadavg(),
        "python": platform.python_version(),
        "postgresql": f"{database // 10000}.{database % 10000}",
        "broker": server,
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
