"""What is paused, as the road of a request asks it. Pure; no database."""

from dataclasses import dataclass

#: Key of the tenant, none for everybody; and the worker type or content type.
Paused = tuple[int | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Everything that is paused."""

    worker_types: frozenset[Paused] = frozenset()
    content_types: frozenset[Paused] = frozenset()

    def __bool__(self) -> bool:
        """Tell whether anything is."""
        return bool(self.worker_types or self.content_types)

    def stop(self, *, tenant_id: int, worker_type: str | None, content_type: str) -> bool:
        """Tell whether a request must not be dispatched now."""
        if not self:
            return False
        worker = worker_type or ""
        return not self.worker_types.isdisjoint(
            ((tenant_id, worker), (None, worker))
        ) or not self.content_types.isdisjoint(((tenant_id, content_type), (None, content_type)))
