"""Query parameters: values of the wrong kind are refused with their name."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from django.http import QueryDict

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.fields import read_date
from workers.contract.errors import MalformedMessage

E = TypeVar("E", bound=StrEnum)

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class BadParameter(DomainError):
    """A query parameter makes no sense."""

    code = "BAD_PARAMETER"
    http_status = 400

    def __init__(self, *, name: str, value: str, expected: str) -> None:
        super().__init__(f"Parameter {name}={value} is refused: {expected} is expected")


def whole_number(text: str | None, *, name: str, default: int, minimum: int, maximum: int) -> int:
    """Return a whole number within bounds; an absent or empty parameter is the default.

    Raises:
        BadParameter: it is no such number.
    """
    if not text:
        return default
    # ASCII digits only: `int` would take spaces, underscores and other scripts as well.
    number = int(text) if text.isascii() and text.isdigit() and len(text) < len(str(2**63)) else -1
    if not minimum <= number <= maximum:
        raise BadParameter(name=name, value=text, expected=f"a whole number from {minimum} to {maximum}")
    return number


def flag(text: str | None, *, name: str) -> bool:
    """Return whether a switch is on; an absent one is off, and one without a value is on.

    Raises:
        BadParameter: it is neither true nor false.
    """
    if text in {None, "false"}:
        return False
    if text in {"", "true"}:
        return True
    raise BadParameter(name=name, value=str(text), expected="true or false")


def choice(text: str | None, *, name: str, default: E) -> E:
    """Return one of the values of an enumeration; an absent parameter is the default.

    Raises:
        BadParameter: it is none of them.
    """
    if text is None:
        return default
    try:
        return type(default)(text)
    except ValueError:
        allowed = " or ".join(type(default))
        raise BadParameter(name=name, value=text, expected=allowed) from None


def past_date(text: str | None, *, name: str, at: datetime, default: datetime) -> datetime:
    """Return a date before ``at``, aware, in UTC; an absent or empty parameter is the default.

    Raises:
        BadParameter: it is no date, or not of the past.
    """
    if not text:
        return default
    try:
        moment = read_date(text)
    except MalformedMessage:
        moment = None
    if moment is None or moment >= at:
        raise BadParameter(name=name, value=text, expected="a date of the past such as 2025-01-23T14:42:27Z")
    return moment


def uuid(text: str, *, name: str) -> UUID:
    """Return a UUID of a path or query.

    Raises:
        BadParameter: it is none.
    """
    # Other forms that `UUID` reads, in braces for instance, are no identifiers of the contract.
    if not _UUID.fullmatch(text):
        raise BadParameter(name=name, value=text, expected="a UUID")
    return UUID(text)


def names(parameters: QueryDict, name: str) -> list[str]:
    """Return the values of a parameter that may be repeated, or hold several names between commas."""
    return [part for text in parameters.getlist(name) for part in text.split(",") if part]
