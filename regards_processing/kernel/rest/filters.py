"""Search filters: frozen, storable as JSON, each a condition on a field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from django.db.models import Q

from regards_processing.kernel.db.text_lookups import MatchMode, TextMatch
from workers.contract.bodies import format_date, parse_date


class Mode(StrEnum):
    """What a restriction does with its values."""

    INCLUDE = "INCLUDE"
    EXCLUDE = "EXCLUDE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRestriction:
    """Keep, or leave out, what has one of these values; to leave nothing out is no restriction.

    `match_mode` and `ignore_case` are for texts; other values are compared as they are.
    """

    values: tuple[Any, ...]
    mode: Mode
    match_mode: MatchMode = MatchMode.STRICT
    ignore_case: bool = False

    def condition(self, field: str) -> Q:
        """Return the condition on a field of a model."""
        found = self._found(field)
        return ~found if self.mode is Mode.EXCLUDE else found

    def _found(self, field: str) -> Q:
        if not self.values or (self.match_mode is MatchMode.STRICT and not self.ignore_case):
            return Q(**{f"{field}__in": self.values})
        match = TextMatch(values=self.values, mode=self.match_mode, ignore_case=self.ignore_case)
        return Q(**{f"{field}__matches": match})

    def to_json(self) -> dict[str, Any]:
        """Return the filter as JSON, to be stored."""
        return {
            "values": list(self.values),
            "mode": self.mode.value,
            "matchMode": self.match_mode.value,
            "ignoreCase": self.ignore_case,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(
            values=tuple(stored["values"]),
            mode=Mode(stored["mode"]),
            match_mode=MatchMode(stored["matchMode"]),
            ignore_case=stored["ignoreCase"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """Keep what is dated within both bounds, which belong to it; a bound may be absent."""

    after: datetime | None = None
    before: datetime | None = None

    def condition(self, field: str) -> Q:
        """Return the condition on a field of a model."""
        bounds = {f"{field}__gte": self.after, f"{field}__lte": self.before}
        return Q(**{name: bound for name, bound in bounds.items() if bound is not None})

    def to_json(self) -> dict[str, Any]:
        """Return the filter as JSON, to be stored."""
        bounds = {"after": self.after, "before": self.before}
        return {name: format_date(bound) for name, bound in bounds.items() if bound is not None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(**{name: parse_date(bound, field=name) for name, bound in stored.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFilter:
    """Keep what has this text in a field: anywhere in it, or as the whole of it. The case counts."""

    text: str
    match_mode: MatchMode = MatchMode.CONTAINS

    def condition(self, field: str) -> Q:
        """Return the condition on a field of a model."""
        restriction = ValueRestriction(values=(self.text,), mode=Mode.INCLUDE, match_mode=self.match_mode)
        return restriction.condition(field)

    def to_json(self) -> dict[str, Any]:
        """Return the filter as JSON, to be stored."""
        return {"text": self.text, "matchMode": self.match_mode.value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(text=stored["text"], match_mode=MatchMode(stored["matchMode"]))
