"""An index is added online, also when an earlier try left something behind."""

from collections.abc import Iterator

import pytest
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.db.online_indexes import AddIndexOnline
from regards_processing.kernel.outbox.models import OutboxEntry

_TABLE = OutboxEntry._meta.db_table
_NAME = "ix_added_online"
_ADDITION = AddIndexOnline(model_name="outboxentry", index=models.Index(fields=["message_count"], name=_NAME))

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def state() -> Iterator[ProjectState]:
    """Return the models as migrated; the index is gone afterwards."""
    yield MigrationExecutor(connection).loader.project_state()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {_NAME}")


def _add(state: ProjectState) -> ProjectState:
    added = state.clone()
    _ADDITION.state_forwards("kernel", added)
    with connection.schema_editor(atomic=False) as editor:
        _ADDITION.database_forwards("kernel", editor, state, added)
    return added


def _indexed() -> list[str] | None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, _TABLE)
    return found[_NAME]["columns"] if _NAME in found else None


def test_it_builds_and_drops_an_index(state: ProjectState) -> None:
    added = _add(state)
    assert _indexed() == ["message_count"]
    with connection.schema_editor(atomic=False) as editor:
        _ADDITION.database_backwards("kernel", editor, added, state)
    assert _indexed() is None


def test_it_replaces_what_an_interrupted_migration_left(state: ProjectState) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX {_NAME} ON {_TABLE} (created_at)")
    _add(state)
    assert _indexed() == ["message_count"]


@pytest.mark.postgres
def test_it_keeps_no_writer_out_on_postgresql(state: ProjectState) -> None:
    with CaptureQueriesContext(connection) as captured:
        _add(state)
    assert any("CREATE INDEX CONCURRENTLY" in query["sql"] for query in captured.captured_queries)
