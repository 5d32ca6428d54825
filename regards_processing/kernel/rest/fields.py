"""Values of the contract in bodies: dates, names of closed sets, lists, texts taken as they are."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from workers.contract.bodies import format_date, parse_date
from workers.contract.errors import MalformedMessage

#: Seconds are optional, fractions have up to nine digits, and without an offset it is UTC.
_DATE: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{0,9})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)


@extend_schema_field(OpenApiTypes.DATETIME)
class DateField(serializers.Field[Any, Any, str, Any]):
    """A date with its time: read with any offset, cut to microseconds, written in UTC."""

    default_error_messages = {
        "invalid": "{input} is not a date such as 2025-01-23T14:42:27.12Z or 2025-01-23T15:42+01:00"
    }

    def to_internal_value(self, data: Any) -> datetime:
        """Return the date, aware, in UTC."""
        try:
            return read_date(data)
        except MalformedMessage:
            self.fail("invalid", input=repr(data))

    def to_representation(self, value: datetime) -> str:
        """Return the text of a date."""
        return format_date(value)


def read_date(text: object) -> datetime:
    """Read a date of the contract as aware UTC.

    Raises:
        MalformedMessage: it is none.
    """
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise MalformedMessage(f"{text!r} is not a date")
    return parse_date(text, field="date")


class EnumField(serializers.ChoiceField):
    """A name of a closed set."""

    default_error_messages = {"invalid_choice": '"{input}" is not one of {allowed}'}

    def __init__(self, names: type[StrEnum], **options: Any) -> None:
        self.names = names
        super().__init__(choices=[(name.value, name.value) for name in names], **options)

    def to_internal_value(self, data: Any) -> StrEnum:
        """Return the member that is meant."""
        try:
            return self.names(data)
        except ValueError:
            self.fail("invalid_choice", input=data, allowed=", ".join(name.value for name in self.names))

    def to_representation(self, value: Any) -> str:
        """Return the name."""
        return str(value)


class ListField(serializers.ListField):
    """A list; elements that are null are none, as the contract reads all lists."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the values that are there."""
        if not isinstance(data, list):
            return super().to_internal_value(data)
        present = [value for value in data if value is not None]
        # Before the values themselves are looked at: each would have its own error.
        if self.max_length is not None and len(present) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(present)


class TextField(serializers.CharField):
    """A text, taken as it is: blanks belong to it, and it may be empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "allow_blank": True} | options)
