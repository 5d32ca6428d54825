"""Which requests of a tenant an operator means: for searches, and for orders that a job carries out later."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from django.db.models import Q

from regards_processing.kernel.rest.filters import DateRange, TextFilter, ValueRestriction


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """All conditions must hold; without any, every request is meant. `ids` are primary keys."""

    source: TextFilter | None = None
    session: TextFilter | None = None
    dispatched_worker_type: TextFilter | None = None
    content_types: ValueRestriction | None = None
    statuses: ValueRestriction | None = None
    ids: ValueRestriction | None = None
    #: By the clients' ids: one, or those of a restriction.
    request_id: TextFilter | None = None
    request_ids: ValueRestriction | None = None
    creation_date: DateRange | None = None

    #: Condition → the kind of filter and the field of `Request` that it is on.
    ON: ClassVar[Mapping[str, tuple[type[TextFilter | ValueRestriction | DateRange], str]]] = {
        "source": (TextFilter, "source"),
        "session": (TextFilter, "session"),
        "dispatched_worker_type": (TextFilter, "dispatched_worker_type"),
        "content_types": (ValueRestriction, "content_type"),
        "statuses": (ValueRestriction, "status"),
        "ids": (ValueRestriction, "pk"),
        "request_id": (TextFilter, "request_id"),
        "request_ids": (ValueRestriction, "request_id"),
        "creation_date": (DateRange, "creation_date"),
    }

    def condition(self) -> Q:
        """Return the condition on `Request`; the tenant is not part of it."""
        whole = Q()
        for name, part in self._given().items():
            whole &= part.condition(self.ON[name][1])
        return whole

    def to_json(self) -> dict[str, Any]:
        """Return the filter as JSON, to be stored."""
        return {name: part.to_json() for name, part in self._given().items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        parts: dict[str, Any] = {name: cls.ON[name][0].from_json(part) for name, part in stored.items()}
        return cls(**parts)

    def _given(self) -> dict[str, TextFilter | ValueRestriction | DateRange]:
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: part for name, part in parts.items() if part is not None}
