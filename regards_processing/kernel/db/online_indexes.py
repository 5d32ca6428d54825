"""Indexes that are added while the release before is still serving."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class AddIndexOnline(AddIndexConcurrently):
    """Add an index to a table that may have many rows; on PostgreSQL, writes go on meanwhile.

    Its migration has ``atomic = False`` and holds nothing else. When it was interrupted it is run again: the
    unfinished index that PostgreSQL keeps then is dropped first.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build the index anew."""
        beside_writers = "CONCURRENTLY" if _can_build_beside_writers(schema_editor) else ""
        name = schema_editor.quote_name(self.index.name)
        schema_editor.execute(f"DROP INDEX {beside_writers} IF EXISTS {name}")
        self._operation(schema_editor).database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the index."""
        self._operation(schema_editor).database_backwards(app_label, schema_editor, from_state, to_state)

    def _operation(self, schema_editor: BaseDatabaseSchemaEditor) -> Any:
        """Return this operation as its database can do it."""
        return super() if _can_build_beside_writers(schema_editor) else super(AddIndexConcurrently, self)


def _can_build_beside_writers(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    return schema_editor.connection.vendor == "postgresql"
