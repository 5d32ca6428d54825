"""Count what managers of the reference report for sessions; ours count with each move and report nothing."""

import logging
from collections.abc import Sequence
from datetime import datetime

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.inbox import services as inbox
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.events.session_count_reported import SessionCountReported
from worker_manager.services import session_counts
from worker_manager.services.dropped import Dropped
from worker_manager.session_counters import net_reports

log = logging.getLogger(__name__)


@transaction
def count_reports(*, reports: Sequence[SessionCountReported], at: datetime) -> list[Dropped]:
    """Add what is reported to the counters of sessions, once; return the reports of no active tenant."""
    active = Tenant.objects.active().filter(name__in={report.tenant for report in reports})
    tenants = dict(active.values_list("name", "pk"))
    taken = [report for report in reports if report.tenant in tenants]
    handled = inbox.remember(fingerprints=[report.fingerprint for report in taken], at=at)
    # What the broker delivers for the first time counts, even when it looks like another report.
    new = [report for report in taken if not (report.again and report.fingerprint in handled)]
    if len(new) < len(taken):
        log.info(
            "reports came again", extra={"action": "session.came_again", "reports": len(taken) - len(new)}
        )
    changes = net_reports(
        ((tenants[report.tenant], report.source, report.session), report.report) for report in new
    )
    session_counts.store(changes=changes, at=at)
    return [
        Dropped(position, f"There is no active tenant {report.tenant}")
        for position, report in enumerate(reports)
        if report.tenant not in tenants
    ]
