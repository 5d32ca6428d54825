"""A look into the tables of a platform: what is still on its way, and what is remembered."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import psycopg2

from tests.stack.stack import Stack


def requests_left(stack: Stack) -> list[tuple[Any, ...]]:
    """Return the requests that are still stored, with their status."""
    return _rows(stack, "SELECT request_id, status, error FROM workermanager_request ORDER BY id")


def stored_contents(stack: Stack) -> dict[str, tuple[int, Any]]:
    """Return the bytes in the row, and what it refers to, of what each request's step gets."""
    query = "SELECT request_id, length(content), stored_content FROM workermanager_request"
    found = _rows(stack, f"{query} WHERE content IS NOT NULL")
    # SQLite has JSON as text.
    read = ((name, size, json.loads(ref) if isinstance(ref, str) else ref) for name, size, ref in found)
    return {name: (size, reference) for name, size, reference in read}


def finished(stack: Stack) -> dict[str, list[str]]:
    """Return the final status, once per row of the history, of each finished request."""
    found: dict[str, list[str]] = {}
    for request_id, status in _rows(stack, "SELECT request_id, status FROM workermanager_finished_request"):
        found.setdefault(request_id, []).append(status)
    return found


def jobs(stack: Stack, kind: str) -> list[tuple[Any, ...]]:
    """Return state, units done, units in all and number of runs of each job of a kind, oldest first."""
    columns = "SELECT state, done, total, attempt FROM regards_job"
    return _rows(stack, f"{columns} WHERE kind = '{kind}' ORDER BY created_at")


def job_results(stack: Stack) -> list[str]:
    """Return what Celery kept of each job's last run."""
    query = "SELECT status FROM django_celery_results_taskresult WHERE task_name LIKE '%.run_job'"
    return [status for (status,) in _rows(stack, query)]


def executions(stack: Stack) -> dict[str, list[str]]:
    """Return the status of each execution, by batch."""
    found: dict[str, list[str]] = {}
    for batch, status in _rows(stack, "SELECT batch_id, status FROM processing_execution"):
        found.setdefault(str(batch), []).append(status)
    return found


def messages_left(stack: Stack) -> int:
    """Return how many messages wait in the outbox."""
    return int(_rows(stack, "SELECT coalesce(sum(message_count), 0) FROM regards_outbox")[0][0])


def _rows(stack: Stack, query: str) -> list[tuple[Any, ...]]:
    opened = (
        psycopg2.connect(stack.database_url)
        if stack.database_url
        else sqlite3.connect(stack.var / "regards.sqlite3", timeout=30)
    )
    with closing(opened) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return list(cursor.fetchall())
