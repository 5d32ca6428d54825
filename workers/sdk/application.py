"""Builds the Celery application of the fleets, and fills it when a worker starts."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final

from celery import Celery, signals
from celery.utils.nodenames import NODENAME_DEFAULT, nodename
from click import Option

from workers.observability.celery_words import speak_json
from workers.sdk import checkpoints, held_folders, process, topology
from workers.sdk.announcer import Announcer
from workers.sdk.config import WorkerConfig
from workers.sdk.declare import WorkerType, close_instances
from workers.sdk.errors import ConfigurationError, WorkerError, told
from workers.sdk.fleet import Fleet
from workers.sdk.loading import load_types
from workers.sdk.logs import configure_logs
from workers.sdk.native import register_tasks
from workers.sdk.pool_lock import keep_free
from workers.sdk.prefetch import prefetch_of
from workers.sdk.runner import Runner
from workers.sdk.stopping import Stopping
from workers.sdk.tracing import Tracing
from workers.transport import rabbitmq
from workers.transport.embedded import transport_options
from workers.transport.prompt_stop import PromptStop

_log: Final = logging.getLogger(__name__)


def build_application(*, config: WorkerConfig) -> Celery:
    """Return the Celery application; the worker types are loaded when a worker starts."""
    # Celery's fix-ups would load Django wherever DJANGO_SETTINGS_MODULE is set.
    app = Celery("workers", set_as_current=False, fixups=[])
    app.conf.update(_broker(config))
    app.conf.update(_settings(config))
    app.user_options["worker"].add(
        Option(
            ("--types",),
            envvar="WORKER_TYPES",
            help="Worker types to run, separated by commas.",
        )
    )
    app.steps["consumer"].add(PromptStop)
    signals.celeryd_init.connect(partial(_on_worker, app=app, config=config), weak=False)
    return app


def _broker(config: WorkerConfig) -> dict[str, Any]:
    if not config.embedded:
        return {
            "broker_url": config.broker_url,
            "broker_transport": "workers.transport.turns:TurnTransport",
            "broker_transport_options": rabbitmq.transport_options(),
        }
    return {
        "broker_url": "filesystem://",
        "broker_transport": "workers.transport.embedded:EmbeddedTransport",
        "broker_transport_options": transport_options(config.var / "broker"),
    }


def _settings(config: WorkerConfig) -> dict[str, Any]:
    return {
        "accept_content": ["json"],
        "broker_channel_error_retry": True,
        "broker_connection_max_retries": None,
        "broker_connection_retry_on_startup": True,
        "result_backend": config.result_backend or None,
        "task_acks_late": True,
        "task_ignore_result": not config.result_backend,
        "task_reject_on_worker_lost": True,
        "task_routes": (topology.route_task,),
        "task_send_sent_event": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_consumer": "workers.sdk.consumer:WorkConsumer",
        "worker_disable_rate_limits": True,
        # Its restoration hangs on Celery's own acknowledgements, which managed requests do not use.
        "worker_enable_prefetch_count_reduction": False,
        # Of children. What a pool without any does: `workers.sdk.retirement`.
        "worker_max_memory_per_child": config.max_memory // 1024 or None,
        "worker_max_tasks_per_child": config.max_tasks or None,
        # What the worker types ask for is known later; 0 would be no limit.
        "worker_prefetch_multiplier": config.prefetch or 1,
        "worker_redirect_stdouts": False,
        "worker_send_task_events": False,
    }


def _on_worker(*, app: Celery, config: WorkerConfig, instance: Any, options: Any, **_signal: object) -> None:
    """Fill the application; a mistake in the configuration ends the process with one clear line."""
    if instance.app is app:
        with _says_why_not():
            _fill(app, config=config, instance=instance, wanted=options.get("types"))


@contextmanager
def _says_why_not() -> Iterator[None]:
    """End a process that cannot start with one line: Celery would go on, and stumble over what is missing."""
    try:
        yield
    except WorkerError as error:
        raise SystemExit(f"celery -A workers worker: {error}") from error
    # Whatever it is: a disk that fails, a folder of another account.
    except Exception as error:
        _log.debug("the fleet cannot start", exc_info=True)
        raise SystemExit(f"celery -A workers worker: the fleet cannot start: {told(error)}") from error


def _fill(app: Any, *, config: WorkerConfig, instance: Any, wanted: str | None) -> None:
    configure_logs(level=config.log_level, form=config.log_format)
    types = load_types(
        types=config.types if not wanted else [name.strip() for name in wanted.split(",") if name.strip()],
        modules=config.modules,
    )
    for entry in types:
        _check_start(entry)
    config = replace(config, prefetch=prefetch_of(config=config, types=types))
    tracing = Tracing(config=config)
    if instance.hostname.startswith(f"{NODENAME_DEFAULT}@"):
        # Several workers of one host would share the queue of Celery's remote control under one name.
        instance.hostname = nodename(config.worker_id, instance.hostname.partition("@")[2])
    if config.log_format == "json":
        speak_json(instance)
    announcer = Announcer(app=app)
    runner = Runner(config=config, announce=announcer.running, tracing=tracing)
    process.install(runner)
    held_folders.sweep(workdir=config.workdir, storage=config.storage)
    checkpoints.sweep(config.checkpoints, older_than=config.checkpoint_days, now=time.time())
    register_tasks(app=app, types=types, runner=runner)
    _consume_only(app, types_queues=[entry.name for entry in types])
    stopping = Stopping(app=app, worker=instance, grace=config.grace)
    app.fleet = Fleet(config=config, types=types, announcer=announcer, stopping=stopping)
    signals.setup_logging.connect(partial(_logs, config=config), weak=False)
    signals.worker_process_init.connect(partial(_child, parent=os.getpid()), weak=False)
    signals.worker_ready.connect(lambda **_signal: keep_free(instance.pool), weak=False)
    signals.worker_shutting_down.connect(stopping.begin, weak=False)
    for end in (signals.worker_shutdown, signals.worker_process_shutdown):
        end.connect(partial(_close, tracing=tracing), weak=False)


def _check_start(entry: WorkerType) -> None:
    try:
        entry.check_start()
    except WorkerError:
        raise
    # Whatever code of somebody else raises.
    except Exception as error:
        raise ConfigurationError(f"Worker type {entry.name!r} cannot start here: {told(error)}") from error


def _consume_only(app: Celery, *, types_queues: list[str]) -> None:
    queues = app.amqp.queues
    queues.clear()
    for name in types_queues:
        for queue in (topology.request_queue(name), topology.task_queue(name)):
            # Not add(): it would bind queues of the default exchange to an exchange of Celery's.
            queues[queue.name] = queue
    queues.select(list(queues))


def _logs(*, config: WorkerConfig, **_signal: object) -> None:
    configure_logs(level=config.log_level, form=config.log_format)


def _close(*, tracing: Tracing, **_signal: object) -> None:
    close_instances()
    tracing.close()


def _child(*, parent: int, **_signal: object) -> None:
    process.die_with_parent(parent=parent)
