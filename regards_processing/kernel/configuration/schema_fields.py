"""Form fields for the value of an item, made from its JSON Schema: a key that is added there is in the form.

Fields only turn what people type into JSON; whether that is right is for the services to say.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from django import forms

from regards_processing.kernel.configuration.faults import Value

_PLACE: Final = re.compile(r"\[\d+\]")
_TEXT: Final = {"size": 30}
_TEXTS: Final = {"rows": 3, "cols": 30}


class LinesField(forms.CharField):
    """Texts, one a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Show one a line."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the lines that are not blank; nothing when all are."""
        return [line.strip() for line in (value or "").splitlines() if line.strip()] or None


class ObjectField(forms.JSONField):
    """An object as JSON; nothing is shown of none."""

    def prepare_value(self, value: Any) -> Any:
        """Show the object."""
        return "" if value is None else super().prepare_value(value)


class SomeOfField(forms.MultipleChoiceField):
    """Some of the values that there are: nothing, when none is ticked; no value, when that is ticked."""

    widget = forms.CheckboxSelectMultiple
    _NONE: Final = "none of these"

    def __init__(self, *, choices: Sequence[tuple[str, str]], **told: Any) -> None:
        super().__init__(choices=[*choices, (self._NONE, self._NONE)], **told)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return what was ticked; nothing ticked is no value, and no stored list without values."""
        return super().bound_data(data, initial) if self.disabled else data or None

    def prepare_value(self, value: Any) -> Any:
        """Tick what there is."""
        return [self._NONE] if value == [] else value

    def clean(self, value: Any) -> Any:
        """Return the values."""
        ticked = super().clean(value)
        if self._NONE not in ticked:
            return ticked or None
        if len(ticked) > 1:
            raise forms.ValidationError("Tick values, or none of these")
        return []


def schema_fields(schema: Value, *, nested: bool = True, prefix: str = "") -> dict[str, forms.Field]:
    """Return a field for each key of an object, by the path of the key.

    Args:
        schema: of the object.
        nested: give fields of their own to the keys of objects inside; else such an object is one of JSON.
        prefix: path of the object.
    """
    found: dict[str, forms.Field] = {}
    for key, part in properties(schema).items():
        path = f"{prefix}{key}"
        if nested and _type(part) == "object":
            found |= schema_fields(part, prefix=f"{path}.")
        elif not _is_list_of_objects(part):
            found[path] = _field(part, label=_label(path), required=key in schema.get("required", ()))
    return found


def object_lists(schema: Value) -> dict[str, Value]:
    """Return the keys that hold arrays of objects, with the schema of such an object."""
    return {key: part["items"] for key, part in properties(schema).items() if _is_list_of_objects(part)}


def properties(schema: Value) -> dict[str, Value]:
    """Return the keys of an object; of alternatives, those of all."""
    found: dict[str, Value] = dict(schema.get("properties", {}))
    for alternative in schema.get("anyOf", ()):
        for key, part in properties(alternative).items():
            if key not in found or not _is_real(found[key]):
                found[key] = part
    return found


def filled(schema: Value, value: Value | None, prefix: str = "") -> dict[str, Any]:
    """Return what fields show of a stored value, by path; an object that is there shows its defaults."""
    shown: dict[str, Any] = {}
    for key, part in properties(schema).items():
        path, inner = f"{prefix}{key}", (value or {}).get(key)
        if _type(part) == "object":
            shown[path] = inner
            shown |= filled(part, inner, f"{path}.") if inner is not None else {}
        elif inner is not None or (value is not None and prefix) or _type(part) == "boolean":
            shown[path] = part.get("default") if inner is None else inner
    return shown


def built(schema: Value, cleaned: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the value that was filled in; what was left blank is left out."""
    value: dict[str, Any] = {}
    for key, part in properties(schema).items():
        path = f"{prefix}{key}"
        inner = cleaned.get(path)
        if _type(part) == "object" and path not in cleaned:
            inner = built(part, cleaned, f"{path}.") or None
        if inner is not None and inner != "":
            value[key] = inner
    return value


def field_of(path: str, known: Sequence[str] | Mapping[str, Any]) -> str | None:
    """Return which field a fault is shown at, by the path that it names."""
    plain = _PLACE.sub("", path)
    return next((parent for parent in _upwards(plain) if parent in known), None)


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]


def _field(schema: Value, *, label: str, required: bool) -> forms.Field:
    told: dict[str, Any] = {"label": label, "required": required, "help_text": _help(schema)}
    kind = _type(schema)
    if kind == "boolean":
        return forms.BooleanField(**(told | {"required": False}), initial=schema.get("default"))
    if kind == "enum":
        return forms.ChoiceField(**told, choices=[("", "—"), *_choices(schema)])
    if kind == "array" and "enum" in schema["items"]:
        return SomeOfField(**told, choices=_choices(schema["items"]))
    return _TYPED[kind](**told)


def _type(schema: Value) -> str:
    if "enum" in schema:
        return "enum"
    named = schema.get("type", "object")
    names = [named] if isinstance(named, str) else named
    return str(next(name for name in names if name != "null"))


def _choices(schema: Value) -> list[tuple[str, str]]:
    return [(entry, entry) for entry in schema["enum"] if entry is not None]


def _is_real(schema: Value) -> bool:
    """Tell whether a key may have a value at all: in alternatives some may not."""
    return schema.get("enum") != [None]


def _is_list_of_objects(schema: Value) -> bool:
    return _type(schema) == "array" and _type(schema["items"]) == "object"


def _help(schema: Value) -> str:
    lines = "One a line." if _type(schema) == "array" and "enum" not in schema["items"] else ""
    default = schema.get("default")
    usual = "" if default is None or default is True or default is False else f"Default: {default}."
    return " ".join(part for part in (schema.get("description", ""), lines, usual) if part)


def _label(path: str) -> str:
    """Return a key as people read it: ``policy.queueTimeout`` is "Policy: queue timeout"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", path.replace(".", ": "))
    return f"{words[:1].upper()}{words[1:].lower()}"


_TYPED: Final[Mapping[str, Callable[..., forms.Field]]] = {
    "integer": forms.IntegerField,
    "number": forms.FloatField,
    "string": partial(forms.CharField, widget=forms.TextInput(attrs=_TEXT)),
    "array": partial(LinesField, widget=forms.Textarea(attrs=_TEXTS)),
    "object": partial(ObjectField, widget=forms.Textarea(attrs=_TEXTS)),
}
