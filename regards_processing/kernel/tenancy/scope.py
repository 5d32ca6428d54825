"""Rows of tenants, which no query can read without saying whose it means.

Note: whose rows.
    Every model with a tenant has `TenantScopedQuerySet` (or a subclass) as its manager ``objects``. Such a
    queryset is built as any other, but it refuses to touch the database before one of these was said:

    - ``for_tenant(tenant)``, or a ``filter(tenant=…)`` and what Django builds on it, as ``get(tenant=…)``;
    - ``of_tenants(tenants)``;
    - ``across_tenants(because="…")``: on purpose, with the reason;
    - a related manager of a tenant or of one of its rows (``tenant.worker_types``, ``worker.inputs``).

    Rows that are created carry their tenant, so ``create`` and ``bulk_create`` ask nothing. What Django does
    by itself to rows that are known already (saving, refreshing, cascades, foreign keys) goes through the
    model's base manager, which is plain.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from django.apps import apps
from django.db import models

if TYPE_CHECKING:
    from regards_processing.kernel.tenancy.models import Tenant

Row = TypeVar("Row", bound=models.Model)

#: Conditions of ``filter`` that say whose rows are meant.
_SAYS_WHOSE: Final = frozenset({"tenant", "tenant_id", "tenant__in", "tenant_id__in"})
_TENANT_LABEL: Final = "kernel.Tenant"


class UnscopedQuery(Exception):
    """A query of tenants' rows does not say whose: a mistake in the code, caught before it leaks."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(
            f"{model._meta.label} belongs to tenants: say whose rows are meant, "
            "with for_tenant(), of_tenants() or across_tenants(because=…)"
        )


class TenantScopedQuerySet(models.QuerySet[Row]):
    """The rows of a model that has a field ``tenant``; subclass it to add words of your own.

    Raises:
        UnscopedQuery: it is evaluated before it was said whose rows are meant.
    """

    #: Whether it was said whose rows are meant.
    scoped: bool = False
    #: Django's notes on where a queryset comes from.
    _hints: dict[str, Any]

    def for_tenant(self, tenant: Tenant | int) -> Self:
        """Keep the rows of one tenant, given as itself or by its key."""
        return self.filter(tenant=tenant)

    def of_tenants(self, tenants: Collection[Tenant] | Collection[int]) -> Self:
        """Keep the rows of some tenants, given as themselves or by their keys."""
        return self.filter(tenant__in=tenants)

    def across_tenants(self, *, because: str) -> Self:  # noqa: ARG002 (read by people, and demanded from them)
        """Keep the rows of every tenant; ``because`` is the reason, for whoever reads the call."""
        found = self.all()
        found.scoped = True
        return found

    def within_reach(self, tenant: Tenant | None) -> Self:
        """Keep the rows of one tenant; of every one where a caller who stands above tenants named none."""
        if tenant is None:
            return self.across_tenants(because="the caller stands above tenants")
        return self.for_tenant(tenant)

    def filter(self, *args: Any, **kwargs: Any) -> Self:
        """Keep the rows that meet the conditions; ``tenant=…`` and ``tenant__in=…`` say whose."""
        found = super().filter(*args, **kwargs)
        found.scoped = found.scoped or not _SAYS_WHOSE.isdisjoint(kwargs)
        return found

    def demand_scope(self) -> None:
        """Raise when it was not said whose rows are meant."""
        if not (self.scoped or self._is_related() or self.query.is_empty()):
            raise UnscopedQuery(self.model)

    def iterator(self, chunk_size: int | None = None) -> Iterator[Any]:
        """Read piece by piece."""
        self.demand_scope()
        return super().iterator(chunk_size)

    def aiterator(self, chunk_size: int = 2000) -> AsyncIterator[Any]:
        """Read piece by piece."""
        self.demand_scope()
        return super().aiterator(chunk_size)

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Reduce the rows to figures."""
        self.demand_scope()
        return super().aggregate(*args, **kwargs)

    def count(self) -> int:
        """Count the rows."""
        self.demand_scope()
        return super().count()

    def exists(self) -> bool:
        """Say whether there is a row."""
        self.demand_scope()
        return super().exists()

    def explain(self, *, format: str | None = None, **options: Any) -> str:  # noqa: A002 (Django's name)
        """Say how the database would read the rows."""
        self.demand_scope()
        return super().explain(format=format, **options)

    def update(self, **kwargs: Any) -> int:
        """Change the rows."""
        self.demand_scope()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows."""
        self.demand_scope()
        return super().delete()

    # As in Django: not for templates, and not on managers.
    update.alters_data = delete.alters_data = True  # type: ignore[attr-defined] # how Django marks methods
    delete.queryset_only = True  # type: ignore[attr-defined] # how Django marks methods

    def union(self, *other_qs: models.QuerySet[Any, Any], all: bool = False) -> Self:  # noqa: A002 (Django's name)
        """Add the rows of other querysets, each of which must say whose it means."""
        for other in other_qs:
            _demand_scope_of(other)
        return super().union(*other_qs, all=all)

    def __or__(self, other: models.QuerySet[Any, Any]) -> Self:
        _demand_scope_of(other)
        return super().__or__(other)

    def __xor__(self, other: models.QuerySet[Any, Any]) -> Self:
        _demand_scope_of(other)
        return super().__xor__(other)

    def _fetch_all(self) -> None:
        self.demand_scope()
        super()._fetch_all()

    def _raw_delete(self, using: str | None) -> int:
        self.demand_scope()
        return super()._raw_delete(using)

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc] # the stubs do not know it
        clone.scoped = self.scoped
        return clone

    def _is_related(self) -> bool:
        """Say whether a related manager made this: it leaves a hint, and keeps the rows of that instance."""
        instance = self._hints.get("instance")
        return instance is not None and (
            hasattr(instance, "tenant_id") or instance._meta.label == _TENANT_LABEL
        )


def models_of_tenants() -> list[type[models.Model]]:
    """Return every model whose rows belong to tenants: those with a foreign key ``tenant``."""
    return [model for model in apps.get_models(include_auto_created=True) if _belongs_to_a_tenant(model)]


def _belongs_to_a_tenant(model: type[models.Model]) -> bool:
    owners = [field.related_model for field in model._meta.concrete_fields if field.name == "tenant"]
    return any(isinstance(owner, type) and owner._meta.label == _TENANT_LABEL for owner in owners)


def _demand_scope_of(other: models.QuerySet[Any, Any]) -> None:
    if isinstance(other, TenantScopedQuerySet):
        other.demand_scope()
