"""The periodic task of the audit trail."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from regards_processing.kernel import clock
from regards_processing.kernel.audit.services import forget_old_entries


@shared_task
def forget_old_audit_entries(**_ignored: object) -> int:
    """Drop entries that are older than they have to be kept; none while they are kept for ever."""
    kept = settings.AUDIT_KEPT
    return forget_old_entries(at=clock.now(), kept=timedelta(seconds=kept)) if kept else 0
