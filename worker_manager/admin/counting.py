"""What lists count for each of their rows, at once for a page."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Subquery

from regards_processing.kernel import clock


def count_by(rows: QuerySet[Any], *, by: str) -> Subquery:
    """Return how many of the rows have the value of the row that is listed."""
    return Subquery(rows.order_by().values(by).annotate(n=Count("pk")).values("n"))


def alive() -> Q:
    """Return the condition of instances that beat within the expiry."""
    return Q(beaten_at__gt=clock.now() - timedelta(seconds=settings.HEARTBEAT_EXPIRY))
