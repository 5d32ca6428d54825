"""Why something waits, told by whichever service knows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from regards_processing.kernel.tenancy.models import Tenant

#: ``{"code", "text", "facts"}``: for machines, for people, and what the text is made of.
Reason = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Where something is, and why."""

    subject: str
    status: str
    reasons: Sequence[Reason]


def explained(*, tenant: Tenant, subject: str, at: datetime) -> Explained | None:
    """Return why something of a tenant waits, if one of ``settings.EXPLAINERS`` knows it.

    Each of them is called with the same arguments, and returns nothing for what it does not know.
    """
    for path in settings.EXPLAINERS:
        found: Explained | None = import_string(path)(tenant=tenant, subject=subject, at=at)
        if found is not None:
            return found
    return None
