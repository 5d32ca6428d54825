"""The kernel's periodic tasks."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from regards_processing.kernel import clock
from regards_processing.kernel.inbox import services as inbox
from regards_processing.kernel.outbox import services as outbox


@shared_task
def relay_outbox(**_ignored: object) -> int:
    """Send messages that a crash left in the outbox."""
    return outbox.relay_outbox(at=clock.now(), grace=timedelta(seconds=settings.OUTBOX_GRACE))


@shared_task
def forget_handled_messages(**_ignored: object) -> int:
    """Forget messages that will not come again."""
    return inbox.forget_handled(at=clock.now(), kept=timedelta(seconds=settings.INBOX_KEPT))
