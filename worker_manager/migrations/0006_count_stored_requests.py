from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Any, Final

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Count

from worker_manager.session_counters import SUMS, Change, net_changes

_SESSION: Final = ("tenant_id", "source", "session")
_BATCH: Final = 1000


def count_stored_requests(apps: Apps, _editor: BaseDatabaseSchemaEditor | None) -> None:
    """Begin the counters with the requests that are there: their later moves would take from nothing."""
    change = apps.get_model("worker_manager", "SessionChange")
    at = datetime.now(UTC)
    rows = (
        change(**dict(zip(_SESSION, key, strict=True)), changed_at=at, **_columns(counted))
        for key, counted in _changes(apps.get_model("worker_manager", "Request"))
    )
    while batch := list(islice(rows, _BATCH)):
        change.objects.bulk_create(batch)


def _changes(request: Any) -> Iterator[tuple[tuple[Any, ...], Change]]:
    places = ("status", "dispatched_worker_type")
    counted = request.objects.values_list(*_SESSION, *places).annotate(times=Count("pk")).order_by(*_SESSION)
    for key, group in groupby(counted.iterator(), key=lambda row: row[:3]):
        moves = {(key, None, (status, kind)): times for *_, status, kind, times in group}
        yield key, net_changes(moves)[key]


def _columns(change: Change) -> dict[str, Any]:
    return {"properties": change.properties} | {name: getattr(change, name) for name in SUMS}


class Migration(migrations.Migration):
    dependencies = [
        ("worker_manager", "0005_session_counters"),
    ]

    operations = [
        migrations.RunPython(count_stored_requests, migrations.RunPython.noop),
    ]
