"""The configuration of a worker process, read once from the environment."""

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from workers.contract.stored_content import MOST_BYTES
from workers.observability.tracing_extra import CHOICES, OFF
from workers.sdk.environment import Environment
from workers.sdk.errors import ConfigurationError
from workers.transport.addresses import BROKER_SCHEMES, names_a_server, server_of, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One documented environment variable."""

    name: str
    default: str
    meaning: str


#: Every variable that a worker process reads, in the order of the documentation.
VARIABLES: Final = (
    Variable(
        name="BROKER_URL",
        default="embedded broker",
        meaning="where requests come from, as `amqp://user:password@host:port/virtual host`; "
        "empty: the embedded broker under `REGARDS_VAR`",
    ),
    Variable(
        name="REGARDS_VAR",
        default="`var` in the current folder",
        meaning="folder of everything embedded; that of the platform is beside its `manage.py`",
    ),
    Variable(
        name="REGARDS_SHARED_STORAGE",
        default="`$REGARDS_VAR/storage`",
        meaning="storage shared by the fleet and the platform, `context.storage`",
    ),
    Variable(
        name="REGARDS_WORKDIR",
        default="`$REGARDS_VAR/work`",
        meaning="parent of the folders of the runs, `context.workdir`, on a disk of this machine; what "
        "killed processes have left in it is removed when one starts",
    ),
    Variable(
        name="WORKER_WORKDIR_QUOTA_BYTES",
        default="0",
        meaning="most that the folder of one run may hold, 1 to 10^15; looked at when the work calls its "
        "context, and more ends the request in ERROR; 0: no limit",
    ),
    Variable(
        name="WORKER_CHECKPOINTS_DIR",
        default="`$REGARDS_SHARED_STORAGE/.checkpoints`",
        meaning="folder of `context.checkpoint`; all machines of a fleet share it",
    ),
    Variable(
        name="WORKER_CHECKPOINT_DAYS",
        default="30",
        meaning="a checkpoint that was not written for so many days, 1 to 3650, is removed when a "
        "process starts",
    ),
    Variable(
        name="WORKER_SECRETS_DIR",
        default="none",
        meaning="folder with a file for each secret, `context.secret(name)`",
    ),
    Variable(
        name="REGARDS_FILE_ROOTS",
        default="the tenant's own folder of the shared storage, always open",
        meaning="further folders under which `file:` URLs are allowed, `context.file_roots`, separated like "
        "`PATH`; one inside the storage is open to every tenant, and naming the storage itself opens no "
        "tenant's folder to others",
    ),
    Variable(
        name="WORKER_TYPES",
        default="none; required here or as `--types`",
        meaning="worker types that this process runs, separated by commas",
    ),
    Variable(
        name="WORKER_MODULES",
        default="none",
        meaning="Python modules that declare worker types of your own, separated by commas",
    ),
    Variable(
        name="WORKER_ID",
        default="host, process id and a random part",
        meaning="name of this process in heartbeats and answers; must be unique",
    ),
    Variable(
        name="WORKER_TENANT",
        default="`default`",
        meaning="tenant named by heartbeats: any active tenant of the manager",
    ),
    Variable(
        name="WORKER_HEARTBEAT_SECONDS", default="15", meaning="seconds between two heartbeats, 0.1 to 3600"
    ),
    Variable(
        name="WORKER_RESULT_BACKEND",
        default="none",
        meaning="Celery result backend, only for native chains; managed requests never store a result",
    ),
    Variable(
        name="WORKER_PREFETCH",
        default="0",
        meaning="messages taken in advance per unit of concurrency, 1 to 10000; "
        "0: by the `longest` of the worker types, 1 where none is declared",
    ),
    Variable(
        name="WORKER_MAX_DELIVERIES",
        default="5",
        meaning="a request that was lost with so many workers, 1 to 1000, is dead-lettered; "
        "only for managers that do not count attempts themselves",
    ),
    Variable(
        name="WORKER_RUNNING_AFTER_SECONDS",
        default="0.5",
        meaning="work that lasts longer is announced as RUNNING, 0 to 3600; 0: always, at once",
    ),
    Variable(
        name="WORKER_ANSWER_TIMEOUT_SECONDS",
        default="30",
        meaning="how long a stopping worker waits for the broker to confirm its last answers, 1 to 3600",
    ),
    Variable(
        name="WORKER_CANCEL_GRACE_SECONDS",
        default="10",
        meaning="how long cancelled work may go on before its process is ended, 0 to 3600; "
        "prefork pools only",
    ),
    Variable(
        name="WORKER_GRACE_SECONDS",
        default="25",
        meaning="how long a process that was told to stop lets work go on, up to 86400; then it hands the "
        "work back and ends; 0: for ever",
    ),
    Variable(
        name="WORKER_MAX_TASKS",
        default="0",
        meaning="calls after which a process is replaced, 1 to 1000000000: a child of a prefork pool, else "
        "the whole fleet process, which stops in order with code 75; 0: never",
    ),
    Variable(
        name="WORKER_MAX_MEMORY_BYTES",
        default="0",
        meaning="resident memory after which a process is replaced likewise when its work has ended, "
        "1048576 to 10^15; 0: none",
    ),
    Variable(
        name="WORKER_STALL_SECONDS",
        default="60",
        meaning="an event loop that has not turned for so long, 1 to 3600, counts as stalled: "
        "heartbeats stop and `/livez` fails",
    ),
    Variable(
        name="WORKER_MAX_CONTENT_BYTES",
        default="16777216",
        meaning="largest content of a result, 1 to 90000000; a larger one ends the request in ERROR",
    ),
    Variable(
        name="WORKER_STORED_CONTENT_BYTES",
        default="0",
        meaning="contents of results above so many bytes, 1 to 90000000, go to files of the shared storage, "
        "and managers that have `STORED_CONTENTS` get a reference; the fleet then reads such files as well; "
        "0: never",
    ),
    Variable(
        name="WORKER_RECORD_DIR",
        default="none",
        meaning="folder that requests are written to with their answers, contents included, for "
        "`python -m workers replay`",
    ),
    Variable(
        name="WORKER_RECORD_MOST",
        default="1000",
        meaning="requests that each process records, 1 to 1000000; the rest are not",
    ),
    Variable(
        name="WORKER_METRICS_PORT",
        default="0",
        meaning="port for probes and Prometheus, 1 to 65535; 0: none",
    ),
    Variable(name="METRICS_HOST", default="`0.0.0.0`", meaning="address that this port is opened on"),
    Variable(
        name="METRICS_TOKEN",
        default="none",
        meaning="bearer token that Prometheus must show; without one the measures are open",
    ),
    Variable(
        name="TRACING",
        default="`off`",
        meaning="where traces go: `off`, `otlp` for a collector, `console`; "
        "the others need `requirements-tracing.txt`",
    ),
    Variable(name="LOG_LEVEL", default="`INFO`", meaning="`DEBUG`, `INFO`, `WARNING` or `ERROR`"),
    Variable(name="LOG_FORMAT", default="`console`", meaning="`console` for people, `json` for machines"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """What a worker process was told; :data:`VARIABLES` documents each value."""

    #: Empty: the embedded broker.
    broker_url: str
    var: Path
    storage: Path
    workdir: Path
    #: Bytes; 0: no limit.
    workdir_quota: int
    checkpoints: Path
    checkpoint_days: int
    secrets: Path | None
    file_roots: tuple[Path, ...]
    types: tuple[str, ...]
    modules: tuple[str, ...]
    worker_id: str
    tenant: str
    #: Seconds.
    heartbeat: float
    #: Empty: none.
    result_backend: str
    #: 0: by the declared length of work.
    prefetch: int
    max_deliveries: int
    #: Seconds.
    running_after: float
    #: Seconds.
    answer_timeout: float
    #: Seconds.
    cancel_grace: float
    #: Seconds; 0: for ever.
    grace: float
    #: 0: never.
    max_tasks: int
    #: Bytes; 0: none.
    max_memory: int
    #: Seconds.
    stall: float
    #: Bytes.
    max_content: int
    #: Bytes above which a content is stored; 0: never.
    stored_content: int
    #: ``None``: nothing is recorded.
    recordings: Path | None
    #: Of one process.
    most_recordings: int
    #: 0: none.
    metrics_port: int
    metrics_host: str
    #: Empty: none is asked for.
    metrics_token: str
    #: One of `workers.observability.tracing_extra.CHOICES`.
    tracing: str
    log_level: str
    log_format: str

    @classmethod
    def from_env(cls, values: Mapping[str, str] | None = None) -> Self:
        """Read the configuration; ``values`` defaults to the process's environment.

        Raises:
            ConfigurationError: a value makes no sense; the text names variable, value and what is allowed.
        """
        env = Environment(os.environ if values is None else values)
        var = _folder(env.text("REGARDS_VAR", default="var"))
        storage = _folder(env.text("REGARDS_SHARED_STORAGE", default=str(var / "storage")))
        roots = env.items("REGARDS_FILE_ROOTS", separator=os.pathsep)
        return cls(
            broker_url=_broker_url(env),
            var=var,
            storage=storage,
            workdir=_folder(env.text("REGARDS_WORKDIR", default=str(var / "work"))),
            workdir_quota=env.integer("WORKER_WORKDIR_QUOTA_BYTES", default=0, minimum=0, maximum=10**15),
            checkpoints=_folder(env.text("WORKER_CHECKPOINTS_DIR", default=str(storage / ".checkpoints"))),
            checkpoint_days=env.integer("WORKER_CHECKPOINT_DAYS", default=30, minimum=1, maximum=3650),
            secrets=_secrets(env.text("WORKER_SECRETS_DIR")),
            file_roots=tuple(_folder(root) for root in roots) or (storage,),
            types=env.items("WORKER_TYPES"),
            modules=env.items("WORKER_MODULES"),
            worker_id=_short("WORKER_ID", env.text("WORKER_ID", default=_unique_id())),
            tenant=_short("WORKER_TENANT", env.text("WORKER_TENANT", default="default")),
            heartbeat=env.seconds("WORKER_HEARTBEAT_SECONDS", default=15, minimum=0.1, maximum=3600),
            result_backend=env.text("WORKER_RESULT_BACKEND"),
            prefetch=env.integer("WORKER_PREFETCH", default=0, minimum=0, maximum=10_000),
            max_deliveries=env.integer("WORKER_MAX_DELIVERIES", default=5, minimum=1, maximum=1000),
            running_after=env.seconds("WORKER_RUNNING_AFTER_SECONDS", default=0.5, minimum=0, maximum=3600),
            answer_timeout=env.seconds("WORKER_ANSWER_TIMEOUT_SECONDS", default=30, minimum=1, maximum=3600),
            cancel_grace=env.seconds("WORKER_CANCEL_GRACE_SECONDS", default=10, minimum=0, maximum=3600),
            grace=env.seconds("WORKER_GRACE_SECONDS", default=25, minimum=0, maximum=86_400),
            max_tasks=env.integer("WORKER_MAX_TASKS", default=0, minimum=0, maximum=10**9),
            max_memory=_most_memory(env),
            stall=env.seconds("WORKER_STALL_SECONDS", default=60, minimum=1, maximum=3600),
            max_content=env.integer(
                "WORKER_MAX_CONTENT_BYTES", default=16 * 2**20, minimum=1, maximum=MOST_BYTES
            ),
            stored_content=env.integer(
                "WORKER_STORED_CONTENT_BYTES", default=0, minimum=0, maximum=MOST_BYTES
            ),
            recordings=_folder(recorded) if (recorded := env.text("WORKER_RECORD_DIR")) else None,
            most_recordings=env.integer("WORKER_RECORD_MOST", default=1000, minimum=1, maximum=10**6),
            metrics_port=env.integer("WORKER_METRICS_PORT", default=0, minimum=0, maximum=65_535),
            metrics_host=env.text("METRICS_HOST", default="0.0.0.0"),  # noqa: S104 (probes come from other machines)
            metrics_token=env.text("METRICS_TOKEN"),
            tracing=env.choice("TRACING", default=OFF, allowed=CHOICES),
            log_level=env.choice("LOG_LEVEL", default="INFO", allowed=("DEBUG", "INFO", "WARNING", "ERROR")),
            log_format=env.choice("LOG_FORMAT", default="console", allowed=("console", "json")),
        )

    @property
    def embedded(self) -> bool:
        """Tell whether the embedded broker is used."""
        return not self.broker_url


def _broker_url(env: Environment) -> str:
    url = env.text("BROKER_URL")
    if url and not names_a_server(url, schemes=BROKER_SCHEMES):
        allowed = server_of(*BROKER_SCHEMES)
        raise ConfigurationError(f"BROKER_URL={shown(url)!r:.60}: {allowed} is allowed, or nothing")
    return url


def _most_memory(env: Environment) -> int:
    most = env.integer("WORKER_MAX_MEMORY_BYTES", default=0, minimum=0, maximum=10**15)
    if 0 < most < _LEAST_MEMORY:
        # Celery counts in KiB, and a Python process needs some MiB to begin with.
        raise ConfigurationError(f"WORKER_MAX_MEMORY_BYTES={most}: 0, or at least {_LEAST_MEMORY} is allowed")
    return most


def _short(name: str, value: str) -> str:
    if len(value) > _MAX_NAME:
        raise ConfigurationError(f"{name}={value!r:.60}…: at most {_MAX_NAME} characters are allowed")
    return value


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _secrets(text: str) -> Path | None:
    folder = _folder(text) if text else None
    if folder is not None and not folder.is_dir():
        raise ConfigurationError(f"WORKER_SECRETS_DIR={text!r}: there is no such folder")
    return folder


def _unique_id() -> str:
    # Containers share host names and process ids: the random part alone must do.
    return f"{socket.gethostname()[:200]}-{os.getpid()}-{secrets.token_hex(6)}"


_MAX_NAME = 255
_LEAST_MEMORY = 2**20
