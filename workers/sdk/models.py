"""Contents as pydantic models. Nothing here loads pydantic: whoever declares a model has loaded it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workers.sdk.errors import InvalidContent
from workers.sdk.result import WorkResult

#: Faults of one content that are told.
_MOST_FAULTS: Final = 20
_LONGEST_VALUE: Final = 80


def is_model(kind: object) -> bool:
    """Tell whether a type is a pydantic model."""
    return isinstance(kind, type) and hasattr(kind, "model_validate_json")


def read(model: Any, content: bytes) -> Any:
    """Read a content, a JSON document, as a model.

    Raises:
        InvalidContent: it is none; one message for each fault says the field, what is allowed and what came.
    """
    from pydantic import ValidationError  # noqa: PLC0415 (loaded already, by the module that declares the model)

    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        shown = not model.model_config.get("hide_input_in_errors", False)
        messages = [_fault(fault, shown=shown) for fault in faults[:_MOST_FAULTS]]
        if len(faults) > _MOST_FAULTS:
            messages.append(f"and {len(faults) - _MOST_FAULTS} faults more")
        raise InvalidContent(*messages) from error


def result_of(value: object) -> Any:
    """Return the result with a model as its content; anything else is returned as it is, to be checked."""
    return WorkResult.model(value) if is_model(type(value)) else value


def schema(model: Any, *, made: bool) -> dict[str, Any] | None:
    """Return the JSON Schema of a model as it is read or made; ``None`` where no model is declared."""
    if model is None:
        return None
    schema: dict[str, Any] = model.model_json_schema(mode="serialization" if made else "validation")
    return schema


def _fault(fault: Mapping[str, Any], *, shown: bool) -> str:
    where = "".join(_path(fault["loc"])).removeprefix(".") or "The content"
    # Of a field that is missing, the input is all that is around it.
    if not shown or fault["type"] in {"missing", "json_invalid"}:
        return f"{where}: {fault['msg']}"
    return f"{where}: {fault['msg']}, got {_short(repr(fault['input']))}"


def _path(places: tuple[int | str, ...]) -> Iterator[str]:
    for place in places:
        yield f"[{place}]" if isinstance(place, int) else f".{place}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
