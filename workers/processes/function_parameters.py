"""Parameters of a plugin that is a function: the fields of a dataclass, described and filled in."""

import dataclasses
import json
from collections.abc import Mapping
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from workers.processes.parameters import ParameterDescriptor, ParameterType

P = TypeVar("P")

_DESCRIPTION: Final = "parameter"
_TYPES: Final[Mapping[type, ParameterType]] = {
    str: ParameterType.STRING,
    bool: ParameterType.BOOLEAN,
    int: ParameterType.LONG,
    float: ParameterType.DOUBLE,
    list: ParameterType.COLLECTION,
    dict: ParameterType.MAP,
}


class BadDeclaration(TypeError):
    """A field of a parameter class is no parameter."""


def parameter(
    *,
    name: str,
    label: str,
    description: str,
    default: Any = dataclasses.MISSING,
    sensitive: bool = False,
    aliases: tuple[str, ...] = (),
    markdown: str | None = None,
) -> Any:
    """Declare a parameter as a field of a dataclass; without a default, a configuration has to give it.

    The type is that of the field: text, truth, number, list, dictionary, or a ``StrEnum`` of the only values
    there are. ``… | None`` with the default ``None`` is optional.
    """
    described = {
        "name": name,
        "label": label,
        "description": description,
        "sensitive": sensitive,
        "aliases": aliases,
        "markdown": markdown,
    }
    return dataclasses.field(default=default, metadata={_DESCRIPTION: described})


def described(parameters: type) -> tuple[ParameterDescriptor, ...]:
    """Return what a parameter class declares.

    Raises:
        BadDeclaration: one of its fields is no parameter, or of a type that there is no parameter of.
    """
    hints = get_type_hints(parameters)
    return tuple(_descriptor(field, hints[field.name]) for field in dataclasses.fields(parameters))


def filled(parameters: type[P], values: Mapping[str, Any]) -> P:
    """Return a parameter class with the values of a process, which are of the declared types.

    Raises:
        InvalidParameters: the class itself refuses them.
    """
    hints = get_type_hints(parameters)
    fields = dataclasses.fields(parameters)  # type: ignore[arg-type] # a dataclass it is
    given = {field: values.get(field.metadata[_DESCRIPTION]["name"]) for field in fields}
    return parameters(
        **{
            field.name: _value(hints[field.name], value)
            for field, value in given.items()
            if value is not None
        }
    )


def _descriptor(field: "dataclasses.Field[Any]", hint: Any) -> ParameterDescriptor:
    if _DESCRIPTION not in field.metadata:
        raise BadDeclaration(f"{field.name} is not declared with parameter(…)")
    kind = _plain(hint)
    return ParameterDescriptor(
        **field.metadata[_DESCRIPTION],
        type=_type(field.name, kind),
        default=_default(field.default),
        optional=field.default is None,
        choices=tuple(kind) if issubclass(kind, StrEnum) else (),
    )


def _type(name: str, kind: type) -> ParameterType:
    if issubclass(kind, StrEnum):
        return ParameterType.STRING
    if kind not in _TYPES:
        raise BadDeclaration(f"{name} is a {kind.__name__}: there is no parameter of this type")
    return _TYPES[kind]


def _plain(hint: Any) -> type:
    """Return the class of a field: that of ``list[str]`` is ``list``, that of ``str | None`` is ``str``."""
    origin = get_origin(hint)
    if origin in {UnionType, Union}:
        return _plain(next(each for each in get_args(hint) if each is not NoneType))
    kind: type = origin or hint
    return kind


def _default(value: Any) -> str | None:
    """Return the text that a default is converted from."""
    if value is dataclasses.MISSING or value is None:
        return None
    return value if isinstance(value, str) else json.dumps(value)


def _value(hint: Any, value: Any) -> Any:
    kind = _plain(hint)
    return kind(value) if kind is float or issubclass(kind, StrEnum) else value
