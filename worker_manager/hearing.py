"""Whether managers hear the fleets, so that an instance that is silent can be taken for dead.

Note: deaf managers.
    The queue of heartbeats comes and goes with its manager, and what comes while PostgreSQL is away is not
    stored. So after a deployment or an outage every instance has been silent for as long as that took, and
    those that have not beaten since are no more dead than the first one that has. Silence says something only
    while others were heard: each instance has, beside its last beat, the time since when it is heard without
    a gap, and one that was heard so for all of the expiry, and is now, vouches for the managers.

    A gap is half of the expiry: then an instance that beats twice as often, as fleets do, is heard again
    before it expires, however short of a gap the managers were deaf.
"""

from datetime import datetime, timedelta

from django.conf import settings


def gap_before(at: datetime) -> datetime:
    """Return the time that an instance must have beaten after to be heard without a gap at ``at``."""
    return at - timedelta(seconds=settings.HEARTBEAT_EXPIRY / 2)
