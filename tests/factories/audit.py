"""Entries of the audit trail."""

from datetime import UTC, datetime, timedelta
from typing import Final

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor, Deed, record_all

NOON: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
ADA: Final = Actor(name="ada", origin=Origin.REST)


def some_entries(
    *targets: str,
    actor: Actor = ADA,
    tenant: str | None = "demo",
    action: str = "request.retried",
    age: timedelta = timedelta(0),
) -> None:
    """Store one entry for each target."""
    deeds = [Deed(target=target, details={"of": target}) for target in targets]
    record_all(actor=actor, tenant=tenant, action=action, deeds=deeds, at=NOON - age)
