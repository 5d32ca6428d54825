"""PostgreSQL's own wall between tenants: row-level security on every table that has a tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import OperationalError, connection

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.db.reads import select
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.scope import models_of_tenants
from regards_processing.kernel.tenancy.visibility import EVERYTHING, VARIABLE

#: The policy that each table gets; what it says is its comment as well, so that a change can be told.
POLICY: Final = "tenant_isolation"
#: Read once a statement, not once a row: that is what the SELECT is for.
_SEEN: Final = f"(SELECT current_setting('{VARIABLE}', true))"
_SEEN_KEY: Final = f"(SELECT NULLIF(NULLIF(current_setting('{VARIABLE}', true), '{EVERYTHING}'), '')::bigint)"
CONDITION: Final = f"{_SEEN} = '{EVERYTHING}' OR tenant_id = {_SEEN_KEY}"
#: The tables must be free for a moment; waiting longer would hold up everybody behind us.
_PATIENCE: Final = timedelta(seconds=10)
#: PostgreSQL's code for a lock that was not to be had in time.
_LOCK_NOT_AVAILABLE: Final = "55P03"


class NoRowSecurity(DomainError):
    """SQLite has no row-level security: only PostgreSQL hides rows by itself."""

    code = "NO_ROW_SECURITY"
    http_status = 501


class TablesMissing(DomainError):
    """The database lacks tables of tenants: run `manage.py migrate` first."""

    code = "TABLES_MISSING"
    http_status = 409


class TablesBusy(DomainError):
    """The tables are in use by long transactions; nothing was changed."""

    code = "TABLES_BUSY"
    http_status = 503
    retryable = True


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    #: Whether the server applies policies at all, and to the owner of the table as well.
    enforced: bool
    #: What our policy says; none: the table has none.
    policy: str | None

    def is_as(self, *, wanted: bool) -> bool:
        """Say whether the table is as the setting wants it."""
        return (self.enforced and self.policy == CONDITION) if wanted else self.policy is None


def problems(*, wanted: bool) -> list[str]:
    """Return what is not as the setting wants it, one sentence each; nothing when all is well."""
    if connection.vendor != "postgresql":
        return [str(NoRowSecurity())] if wanted else []
    state = "not protected, or by an older policy" if wanted else "protected, but ROW_LEVEL_SECURITY is off"
    found = [f"{table.name} is {state}" for table in _tables() if not table.is_as(wanted=wanted)]
    if wanted and (role := _role_above_policies()):
        found.append(f"Role {role} is above all policies: use one that is neither superuser nor BYPASSRLS")
    return found


@transaction
def switch(*, wanted: bool, actor: Actor, at: datetime, patience: timedelta = _PATIENCE) -> list[str]:
    """Make the tables as the setting wants them; return the names of those that changed.

    Args:
        wanted: the setting.
        actor: who asked for it.
        at: when.
        patience: longest wait for a table that is in use.

    Raises:
        NoRowSecurity: the database is not PostgreSQL.
        TablesMissing: migrations are missing.
        TablesBusy: a table was not free in time; nothing is changed.
    """
    if connection.vendor != "postgresql":
        raise NoRowSecurity
    changing = [table.name for table in _tables() if not table.is_as(wanted=wanted)]
    if changing:
        statements = [statement for name in changing for statement in _statements(name, wanted=wanted)]
        _execute(statements, patience=patience)
        action = "row_security.enabled" if wanted else "row_security.disabled"
        details = {"tables": changing}
        record(actor=actor, tenant=None, action=action, target=POLICY, details=details, at=at)
    return changing


def _statements(name: str, *, wanted: bool) -> list[str]:
    table = connection.ops.quote_name(name)
    drop = f"DROP POLICY IF EXISTS {POLICY} ON {table}"
    if not wanted:
        return [drop, f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY"]
    comment = CONDITION.replace("'", "''")
    return [
        drop,
        f"CREATE POLICY {POLICY} ON {table} USING ({CONDITION}) WITH CHECK ({CONDITION})",
        f"COMMENT ON POLICY {POLICY} ON {table} IS '{comment}'",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    ]


def _execute(statements: Sequence[str], *, patience: timedelta) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {patience // timedelta(milliseconds=1)}")
            for statement in statements:
                cursor.execute(statement)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise TablesBusy from error


def _tables() -> list[_Table]:
    names = sorted(model._meta.db_table for model in models_of_tenants())
    rows = select(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, obj_description(p.oid, 'pg_policy') "
        "FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = %s "
        "WHERE c.relname = ANY(%s) AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) ORDER BY 1",
        [POLICY, names],
    )
    if len(rows) < len(names):
        raise TablesMissing
    return [_Table(*row) for row in rows]


def _role_above_policies() -> str | None:
    rows = select(
        "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)", []
    )
    return str(rows[0][0]) if rows else None
