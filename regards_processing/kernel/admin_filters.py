"""Filters of lists in the admin that read no table to offer their values."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from regards_processing.kernel import clock


class TextFilter(admin.SimpleListFilter):
    """Keep the rows whose column is what people type, all of it."""

    template = "admin/text_filter.html"
    column: ClassVar[str]

    def lookups(self, *_args: Any) -> list[tuple[str, str]]:
        """Offer no value: there may be many."""
        return []

    def has_output(self) -> bool:
        """Show it all the same."""
        return True

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Return what the form needs: the value, the other filters, and the list without this one."""
        others = {name: text for name, text in changelist.params.items() if name != self.parameter_name}
        yield {
            "value": self.value() or "",
            "others": others.items(),
            "query_string": changelist.get_query_string(remove=[str(self.parameter_name)]),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Apply it."""
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class AgeFilter(admin.SimpleListFilter):
    """Keep the rows that are older than some time."""

    column: ClassVar[str]
    _AGES: ClassVar = {
        "10min": ("10 minutes", timedelta(minutes=10)),
        "1h": ("1 hour", timedelta(hours=1)),
        "1d": ("1 day", timedelta(days=1)),
        "7d": ("7 days", timedelta(days=7)),
    }

    def lookups(self, *_args: Any) -> list[tuple[str, str]]:
        """Offer some ages."""
        return [(key, f"more than {told}") for key, (told, _) in self._AGES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Apply the choice."""
        age = self._AGES.get(self.value() or "")
        return queryset.filter(**{f"{self.column}__lt": clock.now() - age[1]}) if age else queryset


def text_filter(column: str, title: str) -> type[TextFilter]:
    """Return the filter of a column."""
    return type("ColumnFilter", (TextFilter,), {"column": column, "parameter_name": column, "title": title})
