"""How answers are written."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from rest_framework.renderers import BaseRenderer
from rest_framework.utils.encoders import JSONEncoder

from regards_processing.kernel.json_values import MOST_LEVELS
from workers.contract.bodies import format_date

#: Query parameter, of any value, that asks for an indented answer. It is looked for in the text: a query that
#: Django refuses to read is answered, too.
_PRETTY: Final = re.compile(r"(?:^|&)_pretty(?:[=&]|$)")

#: Levels that are written: those that a body may have, and what answers put around them. A value that was
#: stored before bodies had a limit must not spoil the list that it is in.
_MOST_LEVELS: Final = 2 * MOST_LEVELS
#: What stands for anything deeper.
_DEEPER: Final = "…"


class JsonRenderer(BaseRenderer):
    """JSON as the contract wants it: nulls left out, dates in UTC, indented on request."""

    media_type = "application/json"
    format = "json"
    # JSON is UTF-8: its media type has no charset.
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002 (the framework's signature)
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the bytes of an answer; nothing for an answer without a body."""
        request = (renderer_context or {}).get("request")
        return b"" if data is None else to_json(data, pretty=request is not None and wants_indent(request))


def wants_indent(request: Any) -> bool:
    """Say whether a call asks for an indented answer."""
    return _PRETTY.search(request.META.get("QUERY_STRING", "")) is not None


def to_json(value: Any, *, pretty: bool = False) -> bytes:
    """Return a value as JSON in UTF-8, without the fields that are null, and of no endless depth."""
    layout: dict[str, Any] = {"indent": 2} if pretty else {"separators": (",", ":")}
    text = json.dumps(_present(value), cls=_Encoder, ensure_ascii=False, allow_nan=False, **layout)
    # Half of a surrogate pair is not UTF-8; its escape is JSON all the same.
    return text.encode("utf-8", "backslashreplace")


class _Encoder(JSONEncoder):
    def default(self, obj: Any) -> Any:
        return format_date(obj) if isinstance(obj, datetime) else super().default(obj)


def _present(value: Any, levels: int = _MOST_LEVELS) -> Any:
    if isinstance(value, Mapping):
        if not levels:
            return _DEEPER
        return {name: _present(part, levels - 1) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_present(part, levels - 1) for part in value] if levels else _DEEPER
    return value
