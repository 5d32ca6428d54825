"""How JSON bodies of the contract are read and written."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from workers.contract.errors import MalformedMessage

_LONELY_POINT: Final = re.compile(r"\.(?!\d)")


def load_object(body: bytes) -> dict[str, Any]:
    """Parse a UTF-8 JSON object.

    Raises:
        MalformedMessage: the body is empty, is not JSON, or is not an object.
    """
    if not body:
        raise MalformedMessage("Body is empty, a JSON object is expected")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"Body is not JSON: {why_not_json(error)}") from error
    if not isinstance(value, dict):
        raise MalformedMessage(f"Body must be a JSON object, not {type(value).__name__}")
    return value


def why_not_json(error: ValueError | RecursionError) -> str:
    """Return why Python could not read a JSON text, without what Python advises programmers to do."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) or "digits" not in str(error):
        return str(error)
    return "a number has too many digits"


def read_strictly(text: str | bytes) -> Any:
    """Parse JSON as its standard has it; Python itself also reads ``NaN`` and ``Infinity``.

    Raises:
        ValueError: it is not JSON, or holds a number of thousands of digits.
        RecursionError: it is nested without end.
    """
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no value")


def dump_object(fields: Mapping[str, object]) -> bytes:
    """Write a JSON object, leaving out fields that are ``None``."""
    present = {name: value for name, value in fields.items() if value is not None}
    return encode_text(json.dumps(present, separators=(",", ":"), ensure_ascii=False))


def encode_text(text: str) -> bytes:
    """Encode a JSON text as UTF-8."""
    # A lone surrogate (an undecodable file name in a message) is not UTF-8; its escape is JSON all the same.
    return text.encode("utf-8", "backslashreplace")


def decode_content(value: object) -> bytes | None:
    """Decode a Base64 field (standard alphabet, padded); ``None`` stays ``None``.

    Raises:
        MalformedMessage: the value is not a string or not Base64.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise MalformedMessage(f"content must be Base64 text, not {type(value).__name__}")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedMessage(f"content is not Base64: {error}") from error


def encode_content(content: bytes) -> str:
    """Encode bytes as Base64 text (standard alphabet, padded)."""
    return base64.b64encode(content).decode("ascii")


def parse_date(value: object, *, field: str) -> datetime:
    """Read an ISO-8601 date as aware UTC; a date without offset is UTC, and letters may be small.

    Raises:
        MalformedMessage: the value is not an ISO-8601 date.
    """
    if not isinstance(value, str):
        raise MalformedMessage(f"{field} must be an ISO-8601 date, got {value!r}")
    try:
        # Python knows capital letters only, and a point only with digits behind it.
        date = datetime.fromisoformat(_LONELY_POINT.sub("", value.upper()))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedMessage(f"{field} must be an ISO-8601 date, got {value!r}") from error


def format_date(date: datetime) -> str:
    """Write a date as the reference does: UTC, ``Z``, up to six digits, no trailing zeros."""
    utc = date.astimezone(UTC)
    # Not by `strftime`, which writes the year 152 with three digits.
    text = utc.replace(tzinfo=None, microsecond=0).isoformat()
    if utc.microsecond:
        text += f".{utc.microsecond:06d}".rstrip("0")
    return text + "Z"
