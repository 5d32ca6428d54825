"""What the doctor asks the database."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min, Sum

from regards_processing.kernel.db.reads import select
from regards_processing.kernel.doctor.checks import Check
from regards_processing.kernel.doctor.findings import Finding, failed, ok, skipped, warning
from regards_processing.kernel.doctor.sessions import sessions_kept
from regards_processing.kernel.outbox.destinations import destinations
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.tenancy import row_security

#: Share of the server's connections in use from which on somebody should look.
_CROWDED: Final = 0.9
#: Triggers of the audit trail (audit/migrations/0003_append_only.py), by kind of database.
_GUARDS: Final = {
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' "
    "AND tgrelid = to_regclass('regards_audit_entry')",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'regards_audit_entry'",
}


def reachable(_at: datetime) -> Iterator[Finding]:
    """Tell which database answers, and how fast."""
    started = time.perf_counter()
    try:
        select("SELECT 1", [])
    except DatabaseError as error:
        yield failed(
            f"{_name()} does not answer: {' '.join(str(error).split())}",
            advice="Is the server running, and does DATABASE_URL name it, its database and an account of it?",
        )
        return
    took = 1000 * (time.perf_counter() - started)
    version = ".".join(map(str, connection.get_database_version()))
    yield ok(f"{connection.display_name} {version}, {_name()}, answers in {took:.0f} ms")
    if connection.vendor == "postgresql":
        yield from _server()


def _server() -> Iterator[Finding]:
    ((encoding, used, most),) = select(
        "SELECT current_setting('server_encoding'), (SELECT count(*) FROM pg_stat_activity), "
        "current_setting('max_connections')::int",
        [],
    )
    if encoding != "UTF8":
        yield failed(
            f"The database is encoded in {encoding}: most names and messages cannot be stored",
            advice="Create it again: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        )
    if used > _CROWDED * most:
        yield warning(
            f"{used} of the server's {most} connections are in use",
            advice="Raise max_connections, or start fewer processes: each keeps one connection per thread.",
        )


def migrated(_at: datetime) -> Iterator[Finding]:
    """Compare the tables with those of this release."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield failed(
            f"The database lacks {len(missing)} migrations, the first one is {missing[0][0]}",
            advice="manage.py migrate",
            missing=len(missing),
        )
    unknown = sorted(set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations))
    if unknown:
        yield warning(
            f"The database has {len(unknown)} migrations that this release does not know, "
            f"the first one is {'.'.join(unknown[0])}",
            advice="Was an older release installed again? Install the newer one.",
        )
    if not missing and not unknown:
        yield ok(f"All {len(executor.loader.applied_migrations)} migrations are applied")


def rows_secured(_at: datetime) -> Iterator[Finding]:
    """Compare the walls between tenants with the setting."""
    wanted = settings.ROW_LEVEL_SECURITY
    problems = row_security.problems(wanted=wanted)
    yield from (failed(problem, advice="manage.py row_security") for problem in problems)
    if not problems:
        state = "on" if wanted else "off"
        yield ok(f"Row-level security is {state}, as ROW_LEVEL_SECURITY says")


def audit_kept(_at: datetime) -> Iterator[Finding]:
    """See whether the database still refuses to change the audit trail."""
    guards = [name for (name,) in select(_GUARDS[connection.vendor], [])]
    if not any(name.startswith("regards_audit_entry_is_") for name in guards):
        yield failed(
            "The database lets entries of the audit trail be changed and deleted: its triggers are gone",
            advice="manage.py migrate audit 0002\nmanage.py migrate audit",
        )
        return
    yield ok("The database refuses to change or delete entries of the audit trail")


#: Entries of the outbox of which it is told where they are to go.
_OLDEST: Final = 10


def outbox_empty(at: datetime) -> Iterator[Finding]:
    """Look for messages that should have left long ago."""
    found = OutboxEntry.objects.aggregate(oldest=Min("created_at"), messages=Sum("message_count"))
    age = timedelta(0) if found["oldest"] is None else at - found["oldest"]
    if age.total_seconds() > settings.OUTBOX_LAG:
        yield failed(
            f"{found['messages']} messages wait in the outbox, the oldest for {age.total_seconds():.0f} s",
            advice="Nothing is lost. They leave once the broker takes them (checks broker, queues and "
            "worker-queues) and the sweeps run (check sweeps). The log names full queues that refuse more, "
            "and exchanges to which BROKER_URL's user may not publish (exchange.obstructed).\n"
            f"The oldest are for {destinations(OutboxEntry.objects.order_by('created_at')[:_OLDEST])}",
            messages=found["messages"],
            seconds=age.total_seconds(),
        )
        return
    yield ok(f"No message has waited in the outbox for more than {settings.OUTBOX_LAG} s")


def clock_agrees(_at: datetime) -> Iterator[Finding]:
    """Compare this machine's clock with that of the database server."""
    if connection.vendor != "postgresql":
        yield skipped("The database has no clock of its own")
        return
    before = time.time()
    ((there,),) = select("SELECT extract(epoch FROM clock_timestamp())::float8", [])
    ahead = (before + time.time()) / 2 - there
    if abs(ahead) > settings.CLOCK_TOLERANCE:
        yield warning(
            f"This machine is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} the database server",
            advice="Let both follow a time server (chrony, systemd-timesyncd): sweeps, tokens and heartbeats "
            "compare times.",
            seconds=ahead,
        )
        return
    yield ok(f"This machine and the database agree on the time within {settings.CLOCK_TOLERANCE} s")


def _name() -> str:
    """Name the database without its password."""
    configured = connection.settings_dict
    server = f"{configured['HOST']}:{configured['PORT'] or 5432}/" if configured["HOST"] else ""
    return f"{server}{configured['NAME']}"


_REACHABLE: Final = ("database",)
_MIGRATED: Final = ("database", "migrations")
CHECKS: Final = (
    Check(name="database", question="Does the database answer?", look=reachable),
    Check(name="migrations", question="Has it the tables of this release?", look=migrated, needs=_REACHABLE),
    Check(name="row-security", question="Is row-level security as set?", look=rows_secured, needs=_MIGRATED),
    Check(name="audit", question="Is the audit trail append-only?", look=audit_kept, needs=_MIGRATED),
    Check(name="outbox", question="Do messages leave the outbox?", look=outbox_empty, needs=_MIGRATED),
    Check(name="sessions", question="Does a pooler keep sessions?", look=sessions_kept, needs=_REACHABLE),
    Check(name="clock", question="Do the clocks agree?", look=clock_agrees, needs=_REACHABLE),
)
