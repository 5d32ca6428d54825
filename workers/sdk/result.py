"""What a worker type returns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.kept_headers import HeadersTooLarge, check_size
from workers.sdk.errors import InvalidResult


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkResult:
    """The outcome of successful work."""

    #: The next step's body, or the final content of the request.
    content: bytes = b""
    #: Headers for the next step; names that start with ``regards.`` are refused.
    additional_headers: Mapping[str, str] = field(default_factory=dict)
    #: Lines for the operator.
    messages: tuple[str, ...] = ()

    @classmethod
    def json(
        cls,
        value: object,
        *,
        additional_headers: Mapping[str, str] | None = None,
        messages: tuple[str, ...] = (),
    ) -> Self:
        """Build a result whose content is a JSON document.

        Raises:
            InvalidResult: the value cannot be written as JSON.
        """
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidResult(f"The result cannot be written as JSON: {error}") from error
        content = bodies.encode_text(text)
        return cls(content=content, additional_headers=additional_headers or {}, messages=messages)

    @classmethod
    def model(
        cls,
        value: Any,
        *,
        additional_headers: Mapping[str, str] | None = None,
        messages: tuple[str, ...] = (),
    ) -> Self:
        """Build a result whose content is a pydantic model, written as JSON with the names of its aliases.

        Raises:
            InvalidResult: the model cannot be written as JSON.
        """
        try:
            text = value.model_dump_json(by_alias=True)
        except ValueError as error:
            raise InvalidResult(f"The result cannot be written as JSON: {error}") from error
        return cls(content=text.encode(), additional_headers=additional_headers or {}, messages=messages)


def checked(result: object, *, maximum: int) -> WorkResult:
    """Return the result if it can be answered; ``maximum`` is the largest content in bytes.

    Raises:
        InvalidResult: it is no ``WorkResult``, or one of its fields has the wrong type or size.
    """
    if not isinstance(result, WorkResult):
        raise InvalidResult(f"A worker type must return a WorkResult, not {type(result).__name__}")
    if not isinstance(result.content, bytes):
        raise InvalidResult(f"WorkResult.content must be bytes, not {type(result.content).__name__}")
    if len(result.content) > maximum:
        size = len(result.content)
        raise InvalidResult(f"WorkResult.content is limited to {maximum} bytes, got {size}")
    if result.messages:
        _check_messages(result.messages)
    if result.additional_headers:
        _check_headers(result.additional_headers)
    return result


def _check_messages(messages: object) -> None:
    if not isinstance(messages, tuple | list) or not all(isinstance(message, str) for message in messages):
        raise InvalidResult(f"WorkResult.messages must be a tuple of strings, got {messages!r:.200}")


def _check_headers(headers: object) -> None:
    if not isinstance(headers, Mapping):
        raise InvalidResult(f"WorkResult.additional_headers must be a mapping, not {type(headers).__name__}")
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidResult(
                f"WorkResult.additional_headers must hold strings, got {name!r}: {value!r:.200}"
            )
        if name.startswith(names.RESERVED_PREFIX):
            raise InvalidResult(f"WorkResult.additional_headers must not set {name!r}: it is reserved")
    try:
        check_size(headers)
    except HeadersTooLarge as error:
        raise InvalidResult(f"WorkResult.additional_headers: {error}") from error
