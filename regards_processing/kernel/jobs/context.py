"""What a job's function is told, and what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant


class JobWithoutTenant(DomainError):
    """Jobs of this kind are about one tenant, and this one names none."""

    code = "JOB_WITHOUT_TENANT"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """The page that is to be done."""

    job_id: UUID
    #: None: work for the whole platform.
    tenant: Tenant | None
    #: Time of the page.
    at: datetime
    #: Where the page before said that this one starts; empty at the first page.
    state: Mapping[str, Any]

    @property
    def owner(self) -> Tenant:
        """The tenant, of kinds of work that always have one.

        Raises:
            JobWithoutTenant: this one has none.
        """
        if self.tenant is None:
            raise JobWithoutTenant
        return self.tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page has done, and where the next one starts.

    It is stored in the page's own transaction: a page and the note that it is done cannot part.
    """

    #: Where the next page starts, as JSON; ``None``: this was the last one.
    state: Mapping[str, Any] | None
    #: Units of work of this page.
    done: int = 0
    #: Units of all pages, once it is known.
    total: int | None = None
    #: What this page did, counted by name; the job's outcome is the sum.
    counts: Mapping[str, int] = field(default_factory=dict)
