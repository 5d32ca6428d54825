"""A plain Celery application with three tasks that do nothing: ``celery -A bench.chain.app worker``."""

import os
import threading
from typing import Any

import amqp
from celery import Celery, Task

from bench.chain.names import RESULTS_VARIABLE, STEPS, done_queue, queue

_results = os.environ.get(RESULTS_VARIABLE, "none")
_done = done_queue(_results)
_local = threading.local()

app = Celery("bench-chain", broker=os.environ.get("BROKER_URL", "memory://"), set_as_current=False)
app.conf.update(
    accept_content=["json"],
    # Celery closes Django's connections after each task unless told how many tasks may share one: keeping
    # them is the kinder setting to what we are compared with.
    CELERY_DB_REUSE_MAX=1_000_000_000,
    broker_connection_retry_on_startup=True,
    result_backend="django-db" if _results == "stored" else None,
    task_create_missing_queues=True,
    task_ignore_result=_results != "stored",
    task_routes={step: {"queue": queue(step, _results)} for step in STEPS},
    worker_disable_rate_limits=True,
    worker_send_task_events=False,
)


@app.task(name=STEPS[0])
def first(argument: dict[str, Any]) -> dict[str, Any]:
    """Pass the argument on."""
    return argument


@app.task(name=STEPS[1])
def second(argument: dict[str, Any]) -> dict[str, Any]:
    """Pass the argument on."""
    return argument


@app.task(name=STEPS[2], bind=True)
def third(task: "Task[Any, Any]", argument: dict[str, Any]) -> dict[str, Any]:
    """Pass the argument on, and say that the chain is done as cheaply as can be."""
    message = amqp.Message(str(task.request.root_id), delivery_mode=1)
    _channel().basic_publish(message, exchange="", routing_key=_done)
    return argument


def _channel() -> Any:
    """Return a channel of this thread (and, after a fork, of this process)."""
    if getattr(_local, "owner", None) != os.getpid():
        connection = app.connection_for_write()
        connection.connect()
        _local.owner, _local.connection, _local.channel = os.getpid(), connection, connection.channel()
    return _local.channel
