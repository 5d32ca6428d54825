"""A sweep of several parts: one that fails leaves the others."""

import logging
from collections.abc import Iterable
from functools import partial

log = logging.getLogger(__name__)


def done_together(parts: Iterable[partial[int]], *, action: str) -> int:
    """Do each part; return how much they did together.

    One that fails is logged with ``action``, and tried again with the next sweep: it must not keep all
    tenants from what the others do, nor the platform from being ready.
    """
    return sum(_done(part, action) for part in parts)


def _done(part: partial[int], action: str) -> int:
    try:
        return part()
    except Exception:
        log.exception("part of a sweep failed", extra={"action": action, "part": part.func.__name__})
        return 0
