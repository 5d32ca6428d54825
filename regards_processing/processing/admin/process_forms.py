"""The form of one process: fields of its own, and some for each parameter that its plugin declares."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField

from regards_processing.kernel.configuration.faults import Fault
from regards_processing.kernel.configuration.item_forms import ItemForm
from regards_processing.kernel.configuration.schema_fields import LinesField
from regards_processing.kernel.configuration.seen import seen_of
from regards_processing.processing.configuration.schemas import PLUGIN_SCHEMA, RIGHTS_SCHEMA
from regards_processing.processing.plugin_checks import find_parameter
from regards_processing.processing.plugin_values import ConfiguredProcess, StoredParameter
from workers.processes.metadata import PluginMetadata
from workers.processes.parameters import BadValue, ParameterDescriptor, ParameterType

_OF_PLUGIN: Final = ("label", "active", "priorityOrder", "iconUrl")
_RIGHTS: Final = RIGHTS_SCHEMA["properties"]["rights"]["properties"]
_SCHEMA: Final = {
    "type": "object",
    "required": ["label", "role"],
    "properties": {**{name: PLUGIN_SCHEMA["properties"][name] for name in _OF_PLUGIN}, **_RIGHTS},
}
#: Names of the fields of a parameter.
_VALUE: Final = "value.{}".format
_DYNAMIC: Final = "dynamic.{}".format
_ALLOWED: Final = "allowed.{}".format
_EMPTIED: Final = "emptied.{}".format
_TEXTS: Final = (ParameterType.STRING, ParameterType.PLUGIN, ParameterType.REGARDS_ENTITY_MODEL)
_JSON: Final = (ParameterType.MAP, ParameterType.POJO, ParameterType.COLLECTION)
_TRUTHS: Final = ("true", "false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Some fields of a form."""

    title: str = ""
    fields: Sequence[BoundField]
    #: Those that say what orders may give instead; most parameters have nothing there.
    of_orders: Sequence[BoundField] = ()

    @property
    def is_open(self) -> bool:
        """Whether there is something to see in what orders may give."""
        return any(field.errors or field.value() for field in self.of_orders)


class ProcessForm(ItemForm):
    """One process of a plugin; what is wrong with it the services say."""

    def __init__(
        self,
        data: Any = None,
        *,
        plugin: PluginMetadata,
        stored: ConfiguredProcess | None = None,
        roles: Collection[str] = (),
    ) -> None:
        shown = _flat(stored) if stored else None
        super().__init__(data, schema=_SCHEMA, stored=shown, suggestions={"role": list(roles)})
        if stored:
            self.initial["seen"] = seen_of(stored.to_json())
        self.plugin = plugin
        self.stored = {each.name: _parameter_of(stored, each) for each in plugin.parameters}
        #: Those that the plugin does not have (any more): they stay.
        known = {name for each in plugin.parameters for name in (each.name, *each.aliases)}
        self.others = [
            each for each in (stored.plugin.parameters if stored else ()) if each.name not in known
        ]
        for declared in plugin.parameters:
            self._add(declared, self.stored[declared.name])

    @property
    def body(self) -> dict[str, Any]:
        """The process as REST clients write it; the form is valid."""
        value = self.value
        rights = {name: value[name] for name in _RIGHTS if name in value}
        configuration = {name: value[name] for name in _OF_PLUGIN if name in value}
        parameters = [self._filled_in(declared) for declared in self.plugin.parameters]
        kept = [each.to_json() for each in self.others]
        return {
            "pluginConfiguration": {
                "pluginId": self.plugin.plugin_id,
                **configuration,
                "parameters": [each for each in parameters if each] + kept,
            },
            "rights": {"datasets": [], **rights},
        }

    def tell(self, faults: Iterable[Fault]) -> None:
        """Show each fault at the field that it names."""
        for fault in faults:
            name, _, inside = fault.field.partition(".")
            field = _ALLOWED(name) if inside else _VALUE(name)
            chosen = next((each for each in (fault.field, field) if each in self.fields), None)
            self.add_error(chosen, str(fault))

    def tell_errors(self, errors: Mapping[str, Any]) -> None:
        """Show what the reading of a body refuses, each text at the field that it is about."""
        sent = [each["name"] for each in self.body["pluginConfiguration"]["parameters"]]
        for part in errors.values():
            for key, told in part.items():
                if key == "parameters":
                    self.tell(_parameter_faults(sent, told))
                else:
                    self.tell(Fault(text=text, field=key) for text in _texts(told))

    def sections(self) -> Iterator[Section]:
        """Return the fields that people see: those of the process, then those of each parameter."""
        yield Section(fields=[field for field in self.visible_fields() if "." not in field.name])
        for declared in self.plugin.parameters:
            names = [kind(declared.name) for kind in (_VALUE, _EMPTIED)]
            yield Section(
                title=f"Parameter {declared.name}",
                fields=[self[name] for name in names if name in self.fields],
                of_orders=[self[kind(declared.name)] for kind in (_DYNAMIC, _ALLOWED)],
            )

    def clean(self) -> dict[str, Any]:
        """Let nobody give a secret a value and empty it at once."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for declared in self.plugin.parameters:
            if given.get(_EMPTIED(declared.name)) and given.get(_VALUE(declared.name)):
                self.add_error(_EMPTIED(declared.name), "Give it a value, or empty it: not both.")
        return given

    def _add(self, declared: ParameterDescriptor, stored: StoredParameter | None) -> None:
        name = declared.name
        self.fields[_VALUE(name)] = _value_field(declared, stored)
        if declared.sensitive and not declared.mandatory and stored is not None and stored.value is not None:
            self.fields[_EMPTIED(name)] = forms.BooleanField(
                required=False, label="Empty it", help_text="What is stored is forgotten."
            )
        self.fields[_DYNAMIC(name)] = forms.BooleanField(
            required=False, label="Dynamic", help_text="An order may give another value."
        )
        self.fields[_ALLOWED(name)] = LinesField(
            required=False,
            label="Values that orders may give",
            widget=forms.Textarea(attrs={"rows": 2, "cols": 40}),
            help_text="One a line; any, when there is none. Only of a dynamic parameter."
            + (" What is encrypted stays as it is." if declared.sensitive else ""),
        )
        if stored is not None:
            self.initial[_DYNAMIC(name)] = stored.dynamic
            self.initial[_ALLOWED(name)] = [_shown(declared, each) for each in stored.dynamic_values]
            if not declared.sensitive:
                self.initial[_VALUE(name)] = _shown(declared, stored.value)

    def _filled_in(self, declared: ParameterDescriptor) -> dict[str, Any] | None:
        given = self.cleaned_data
        text, stored = given[_VALUE(declared.name)], self.stored[declared.name]
        value = None if text == "" else _read(declared, text)
        if declared.sensitive and text == "" and stored and not given.get(_EMPTIED(declared.name)):
            # What is stored is encrypted, and says so: the services keep it as it is.
            value = stored.value
        allowed = [_read(declared, line) for line in given[_ALLOWED(declared.name)] or ()]
        if value is None and not allowed and not given[_DYNAMIC(declared.name)]:
            return None
        parameter = StoredParameter(
            name=declared.name,
            type=declared.type,
            value=value,
            dynamic=given[_DYNAMIC(declared.name)],
            dynamic_values=tuple(allowed),
        )
        return parameter.to_json()


def _flat(stored: ConfiguredProcess) -> dict[str, Any]:
    body = stored.to_json()
    return {**body["pluginConfiguration"], **body["rights"]}


def _parameter_of(stored: ConfiguredProcess | None, declared: ParameterDescriptor) -> StoredParameter | None:
    return find_parameter(stored.plugin, declared) if stored else None


def _value_field(declared: ParameterDescriptor, stored: StoredParameter | None) -> forms.Field:
    need = "Needed." if declared.mandatory else ""
    usual = f"Default: {declared.default}." if declared.default is not None else ""
    kept = "Kept as it is when this is left blank." if declared.sensitive and stored else ""
    described = f"{declared.description.removesuffix('.')}."
    told = " ".join(part for part in (need, described, usual, kept) if part)
    common: dict[str, Any] = {"required": False, "label": declared.label, "help_text": told}
    choices = _TRUTHS if declared.type is ParameterType.BOOLEAN else declared.choices
    if choices and not declared.sensitive:
        return forms.ChoiceField(choices=[("", "—"), *((each, each) for each in choices)], **common)
    return forms.CharField(strip=False, widget=_widget(declared), **common)


def _widget(declared: ParameterDescriptor) -> forms.Widget:
    if declared.sensitive:
        return forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 40})
    if declared.type in _JSON:
        return forms.Textarea(attrs={"rows": 3, "cols": 60})
    return forms.TextInput(attrs={"size": 20 if declared.type not in _TEXTS else 60})


def _shown(declared: ParameterDescriptor, value: Any) -> str:
    if value is None:
        return ""
    return value if declared.type in _TEXTS and isinstance(value, str) else json.dumps(value)


def _read(declared: ParameterDescriptor, text: str) -> Any:
    """Return the value that a text stands for, or the text itself: what is wrong with it the services say."""
    try:
        return declared.convert(text)
    except BadValue:
        return text


def _parameter_faults(names: list[str], told: Any) -> Iterator[Fault]:
    """Return the faults of a list of parameters: one mapping of texts for each, or texts about the list."""
    if not all(isinstance(each, Mapping) for each in told):
        yield from (Fault(text=text, field="parameters") for text in _texts(told))
        return
    for name, errors in zip(names, told, strict=False):
        for key, texts in errors.items():
            inside = ".dynamicsValues" if key == "dynamicsValues" else ""
            yield from (Fault(text=text, field=f"{name}{inside}") for text in _texts(texts))


def _texts(told: Any) -> Iterator[str]:
    """Return every text inside what a serializer says."""
    if isinstance(told, Mapping):
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from _texts(each)
    else:
        yield str(told)
