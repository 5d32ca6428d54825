"""Admin pages whose saves and deletions land in the audit trail."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Manager, Model, QuerySet
from django.http import HttpRequest, HttpResponse

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import admin_actor
from regards_processing.kernel.audit.services import Deed, record, record_all
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Records what is added, changed and deleted on the stock pages, in the transaction that does it.

    For models whose forms save by themselves. Pages that call a service leave the record to the service.
    """

    #: Subject of the actions: ``<subject>.created``, ``.updated``, ``.deleted``; the model's name when empty.
    audited_as: ClassVar[str] = ""
    #: Fields whose values are written down, as they are afterwards; never those that hold secrets.
    audited_fields: ClassVar[Sequence[str]] = ()

    def audited_tenant(self, row: Model) -> str | None:
        """Return the name of the tenant that a row belongs to; none when it belongs to the platform."""
        owner = row if isinstance(row, Tenant) else getattr(row, "tenant", None)
        return owner.name if isinstance(owner, Tenant) else None

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Record an addition."""
        self._record(request, obj, "created", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Record a change."""
        self._record(request, obj, "updated", message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Record deletions; Django calls this before it deletes."""
        by_tenant: dict[str | None, list[Deed]] = {}
        for row in queryset:
            deed = Deed(target=str(row), details=self._facts(row))
            by_tenant.setdefault(self.audited_tenant(row), []).append(deed)
        for tenant, deeds in by_tenant.items():
            record_all(
                actor=admin_actor(request),
                tenant=tenant,
                action=f"{self._subject}.deleted",
                deeds=deeds,
                at=clock.now(),
            )
        return super().log_deletions(request, queryset)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *location: Any
    ) -> HttpResponse | None:
        """Run an action as one transaction: Django itself would record, and then delete, in two."""
        with transaction():
            return super().response_action(request, queryset, *location)

    @property
    def _subject(self) -> str:
        return self.audited_as or str(self.opts.model_name)

    def _record(self, request: HttpRequest, row: Model, verb: str, message: Any) -> None:
        record(
            actor=admin_actor(request),
            tenant=self.audited_tenant(row),
            action=f"{self._subject}.{verb}",
            target=str(row),
            at=clock.now(),
            details=self._facts(row) | {"changes": message},
        )

    def _facts(self, row: Model) -> dict[str, Any]:
        values = {name: _told(getattr(row, name)) for name in self.audited_fields}
        return {"id": str(row.pk), "values": values} if values else {"id": str(row.pk)}


def _told(value: Any) -> Any:
    """Return the value of a field; of one that refers to many rows, what they are called."""
    return sorted(map(str, value.all())) if isinstance(value, Manager) else value
