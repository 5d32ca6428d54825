"""A migration runs while the release before is still serving: it keeps no writer out of a big table."""

from typing import Final

import pytest
from django.db.migrations import AddIndex, CreateModel, Migration
from django.db.migrations.loader import MigrationLoader

from regards_processing.kernel.db.online_indexes import AddIndexOnline

#: Last migration of each of our apps that found no rows, as nothing was released before it.
_BEFORE_ANY_ROWS: Final = {
    "access": 1,
    "audit": 4,
    "jobs": 2,
    "kernel": 4,
    "observability": 1,
    "processing": 7,
    "worker_manager": 17,
}


def _later_migrations() -> list[Migration]:
    # In the same order in every process of the test run: Django looks for them in a set.
    found = sorted(MigrationLoader(None).disk_migrations.items())
    return [
        migration
        for _key, migration in found
        if migration.app_label in _BEFORE_ANY_ROWS
        and int(migration.name[:4]) > _BEFORE_ANY_ROWS[migration.app_label]
    ]


@pytest.mark.parametrize("migration", _later_migrations(), ids=str)
def test_it_adds_indexes_online(migration: Migration) -> None:
    created = {
        operation.name_lower for operation in migration.operations if isinstance(operation, CreateModel)
    }
    added = [
        operation
        for operation in migration.operations
        if isinstance(operation, AddIndex) and operation.model_name_lower not in created
    ]
    online = [operation for operation in added if isinstance(operation, AddIndexOnline)]
    assert added == online
    assert not online or (not migration.atomic and migration.operations == online)
