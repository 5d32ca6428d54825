"""Let the database itself refuse to change or delete entries of the audit trail.

Deletions pass while there is a row in ``regards_audit_retention``. Only the retention writes one, and removes it before
its transaction ends, so that nobody else ever sees it. Changes never pass.

SQLite drops the triggers when it rebuilds the table: a later migration that alters a column has to make them again.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_POSTGRESQL = (
    "CREATE TABLE regards_audit_retention (opened smallint NOT NULL)",
    """
    CREATE FUNCTION regards_audit_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM regards_audit_retention) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'Audit entries are only ever added: % is refused', TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER regards_audit_entry_is_kept BEFORE UPDATE OR DELETE ON regards_audit_entry
    FOR EACH ROW EXECUTE FUNCTION regards_audit_entry_is_kept()
    """,
)
_POSTGRESQL_BACK = (
    "DROP TRIGGER regards_audit_entry_is_kept ON regards_audit_entry",
    "DROP FUNCTION regards_audit_entry_is_kept",
    "DROP TABLE regards_audit_retention",
)
_SQLITE = (
    "CREATE TABLE regards_audit_retention (opened smallint NOT NULL)",
    """
    CREATE TRIGGER regards_audit_entry_is_not_changed BEFORE UPDATE ON regards_audit_entry
    BEGIN SELECT RAISE(ABORT, 'Audit entries are only ever added: UPDATE is refused'); END
    """,
    """
    CREATE TRIGGER regards_audit_entry_is_not_deleted BEFORE DELETE ON regards_audit_entry
    WHEN NOT EXISTS (SELECT 1 FROM regards_audit_retention)
    BEGIN SELECT RAISE(ABORT, 'Audit entries are only ever added: DELETE is refused'); END
    """,
)
_SQLITE_BACK = (
    "DROP TRIGGER regards_audit_entry_is_not_changed",
    "DROP TRIGGER regards_audit_entry_is_not_deleted",
    "DROP TABLE regards_audit_retention",
)


def _guard(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in _POSTGRESQL if is_postgresql else _SQLITE:
        schema_editor.execute(statement, None)


def _unguard(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in _POSTGRESQL_BACK if is_postgresql else _SQLITE_BACK:
        schema_editor.execute(statement, None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_search_indexes")]

    operations = [migrations.RunPython(_guard, _unguard)]
