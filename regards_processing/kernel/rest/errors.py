"""Bodies of errors, the same from every corner of the interface."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from regards_processing.kernel import clock
from regards_processing.kernel.rest.resources import PREFIX
from regards_processing.kernel.rest.services import RS_PROCESSING

#: Errors of serializers with this code name their field in their text.
NAMES_ITS_FIELD: Final = "names_its_field"
#: Texts of one answer; a body with more mistakes is not worth an answer of its size.
MAX_MESSAGES: Final = 100


def unexpected(error: BaseException | None) -> str:
    """Return what the contract says about an error that nobody foresaw."""
    return (
        "An unexpected error occurred, please consult the microservice log for more information. "
        f"Cause: {type(error).__name__}, message: {error}"
    )


def body(messages: Sequence[str], *, path: str) -> dict[str, Any]:
    """Return the body of an error: ``{"messages": [text, …]}``.

    The clients of rs-processing know a second form, whose fields are given beside.
    """
    told: dict[str, Any] = {"messages": list(messages)}
    if path.startswith(f"/{PREFIX}{RS_PROCESSING.name}/"):
        told |= {"errorId": str(uuid.uuid4()), "message": "; ".join(messages), "time": clock.now()}
    return told


def violations(detail: Any) -> list[str]:
    """Return one text for each rule that a serializer found violated, with the field's name in front."""
    found = list(_texts(detail, ""))
    more = len(found) - MAX_MESSAGES
    return found if more <= 0 else [*found[:MAX_MESSAGES], f"… and {more} more"]


def _texts(detail: Any, path: str) -> Iterator[str]:
    if isinstance(detail, Mapping):
        for name, part in detail.items():
            yield from _texts(part, _below(path, name))
    elif isinstance(detail, list):
        for number, part in enumerate(detail):
            # A field may have several errors; only nested ones are about an element.
            yield from _texts(part, path if isinstance(part, str) else _below(path, number))
    else:
        named = not path or (isinstance(detail, ErrorDetail) and detail.code == NAMES_ITS_FIELD)
        yield str(detail) if named else f"{path}: {detail}"


def _below(path: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{path}[{name}]"
    if name == api_settings.NON_FIELD_ERRORS_KEY:
        return path
    return f"{path}.{name}" if path else name
