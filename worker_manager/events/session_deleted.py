"""Sessions that an operator deleted on the whole platform: `SessionDeleteEvent` and `SourceDeleteEvent`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage

#: The property ``timestamp`` has no fractions.
_SECOND: Final = timedelta(seconds=1)
_LAST_TIMESTAMP: Final = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsDeleted:
    """One session of a source was deleted, or all of them."""

    tenant: str
    source: str
    #: ``None``: all sessions of the source.
    session: str | None
    #: Set when the message may have been handled before: what came after this time is not meant.
    no_later_than: datetime | None = None

    @classmethod
    def of_session(cls, *, headers: Mapping[str, Any], body: bytes, sent_at: datetime | None) -> Self:
        """Read the deletion of a session.

        Raises:
            MalformedMessage: tenant, source or session is missing or has the wrong type.
        """
        fields = bodies.load_object(body)
        return cls(
            tenant=names.required_text(headers, names.TENANT),
            source=name_of(fields, "source"),
            session=name_of(fields, "session"),
            no_later_than=sent_at,
        )

    @classmethod
    def of_source(cls, *, headers: Mapping[str, Any], body: bytes, sent_at: datetime | None) -> Self:
        """Read the deletion of a source.

        Raises:
            MalformedMessage: tenant or source is missing or has the wrong type.
        """
        return cls(
            tenant=names.required_text(headers, names.TENANT),
            source=name_of(bodies.load_object(body), "source"),
            session=None,
            no_later_than=sent_at,
        )

    @property
    def event(self) -> str:
        """Name of the event."""
        return "SourceDeleteEvent" if self.session is None else "SessionDeleteEvent"


def sent_before(properties: Mapping[str, Any]) -> datetime | None:
    """Return a time by which a message had been sent, if it tells."""
    seconds = properties.get("timestamp")
    if not isinstance(seconds, int) or not 0 < seconds < _LAST_TIMESTAMP:
        return None
    return datetime.fromtimestamp(seconds, UTC) + _SECOND


def name_of(fields: Mapping[str, Any], field: str) -> str:
    """Return a text; an empty one is the name of a source or session like any other."""
    value = fields.get(field)
    if not isinstance(value, str) or "\0" in value:
        raise MalformedMessage(f"{field} must be a string without NUL, got {value!r}")
    if len(value) > names.MAX_LENGTH:
        raise MalformedMessage(f"{field} is limited to {names.MAX_LENGTH} characters, got {len(value)}")
    return value
