"""Search by parts of the names of sources and sessions, without a look at each request.

Note: names first.
    Sources and sessions are searched by parts of their names, as in REGARDS, and no index helps with that.
    But a tenant has far fewer sessions than requests, and ``ix_request_session`` has them in order: they are
    found by jumping from one to the next, and the search then names those that match. Where there are too
    many to jump, or to name, each request is looked at after all.
"""

from collections import defaultdict
from typing import Final

from django.db import connection
from django.db.models import Q

from regards_processing.kernel.db.reads import select
from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.rest.filters import TextFilter
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.request_filter import RequestFilter

#: Most sessions of a tenant that are looked at: some 20 ms.
MOST_KNOWN: Final = 2_000
#: Most sessions that a search names.
MOST_NAMED: Final = 200

# In the order of one index, so that each jump reads one of its entries.
_JUMPS: Final = """
    WITH RECURSIVE known(source, session, number) AS (
        (SELECT source, session, 1 FROM workermanager_request WHERE tenant_id = %s
         ORDER BY source, session LIMIT 1)
        UNION ALL
        SELECT following.source, following.session, known.number + 1 FROM known CROSS JOIN LATERAL (
            SELECT source, session FROM workermanager_request
            WHERE tenant_id = %s AND (source, session) > (known.source, known.session)
            ORDER BY source, session LIMIT 1) AS following
        WHERE known.number < %s)
    SELECT source, session FROM known"""


def named_sessions(
    *, tenant: Tenant, wanted: RequestFilter, most_known: int = MOST_KNOWN, most_named: int = MOST_NAMED
) -> Q:
    """Return a condition that names the sessions a search means, beside its own ones.

    It is empty where it would be of no use: no part of a name is searched for, or there are too many.
    """
    if not any(map(_is_part, (wanted.source, wanted.session))) or connection.vendor != "postgresql":
        return Q()
    with transaction():
        known = select(_JUMPS, [tenant.pk, tenant.pk, most_known], by_index=True)
    meant: defaultdict[str, list[str]] = defaultdict(list)
    count = 0
    for source, session in known:
        if _matches(wanted.source, source) and _matches(wanted.session, session):
            meant[source].append(session)
            count += 1
    if len(known) >= most_known or count > most_named:
        return Q()
    named = (Q(source=source, session__in=sessions) for source, sessions in meant.items())
    return Q.create(list(named), connector=Q.OR) if meant else Q(pk__in=())


def _is_part(wanted: TextFilter | None) -> bool:
    return wanted is not None and wanted.match_mode is not MatchMode.STRICT


def _matches(wanted: TextFilter | None, name: str) -> bool:
    if wanted is None:
        return True
    match wanted.match_mode:
        case MatchMode.STRICT:
            return name == wanted.text
        case MatchMode.STARTS_WITH:
            return name.startswith(wanted.text)
        case MatchMode.ENDS_WITH:
            return name.endswith(wanted.text)
        case MatchMode.CONTAINS:
            return wanted.text in name
