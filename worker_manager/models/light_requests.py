"""Requests that are made without Django's constructor.

Note: what it costs to make one.
    The constructor of a model looks at every field and asks who wants to hear of the instance. For the
    requests of a bulk that cost more than anything else that is done with them. Nobody listens here, and the
    columns are known: so the attributes are put where the constructor would put them. Those that are left
    out are read when they are asked for, as with `defer`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import JSONField
from django.db.models.base import ModelState

from regards_processing.kernel.db.reads import json_value, select
from worker_manager.models.request import Request

_PAYLOADS: Final = frozenset({"content", "original_content"})
_LIGHT: Final = tuple(field for field in Request._meta.concrete_fields if field.column not in _PAYLOADS)
_NAMES: Final = (*(field.attname for field in _LIGHT), "body_size")
_JSON: Final = tuple(field.attname for field in _LIGHT if isinstance(field, JSONField))
_DEFAULTS: Final = {field.attname: field.get_default() for field in Request._meta.concrete_fields}
#: Columns of a request without its payloads: those are big, and only a dispatch needs them. It has to know
#: how big; neither database reads a payload to tell its length.
LIGHT_COLUMNS: Final = ", ".join(
    (
        *(field.column or "" for field in _LIGHT),
        "COALESCE(LENGTH(content), LENGTH(original_content)) AS body_size",
    )
)


def new_request(**fields: Any) -> Request:
    """Return a request that is not stored yet; what is not given has its default."""
    return _made(_DEFAULTS | fields, stored_in=None)


def light_requests(sql: str, parameters: Sequence[Any], *, by_index: bool = False) -> list[Request]:
    """Return the requests of a query of `LIGHT_COLUMNS`; those with the same plan share it.

    Args:
        by_index: as for `select`.
    """
    if connection.vendor != "postgresql":
        # SQLite has fewer types: Django turns its values into ours.
        return list(Request.objects.raw(sql, parameters))
    read: dict[str, Any] = {}
    # Django looks the connection up whenever something is asked of it: a twentieth of a manager's work.
    alias = connection.alias
    rows = select(sql, parameters, by_index=by_index)
    return [_stored(dict(zip(_NAMES, row, strict=True)), read, alias) for row in rows]


def _stored(fields: dict[str, Any], read: dict[str, Any], alias: str) -> Request:
    for name in _JSON:
        text = fields[name]
        if text is not None:
            if text not in read:
                read[text] = json_value(text)
            fields[name] = read[text]
    return _made(fields, stored_in=alias)


def _made(fields: Mapping[str, Any], *, stored_in: str | None) -> Request:
    state = ModelState()
    state.adding, state.db = stored_in is None, stored_in
    request = Request.__new__(Request)
    request.__dict__.update(fields, _state=state)
    return request
