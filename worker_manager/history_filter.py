"""Which finished requests of a tenant an operator means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from regards_processing.kernel.rest.filters import DateRange, TextFilter, ValueRestriction
from worker_manager.request_filter import RequestFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter(RequestFilter):
    """The conditions of requests on their way, on what is left of them, and one of its own."""

    end_date: DateRange | None = None

    ON: ClassVar[Mapping[str, tuple[type[TextFilter | ValueRestriction | DateRange], str]]] = {
        **RequestFilter.ON,
        "dispatched_worker_type": (TextFilter, "worker_type"),
        "end_date": (DateRange, "finished_at"),
    }
