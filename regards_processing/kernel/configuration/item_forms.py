"""The form of one item: fields from its schema, and what a service finds wrong at the right one."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField
from django.forms.formsets import BaseFormSet, formset_factory

from regards_processing.kernel.configuration.faults import Fault, Value
from regards_processing.kernel.configuration.schema_fields import (
    built,
    field_of,
    filled,
    object_lists,
    schema_fields,
)
from regards_processing.kernel.configuration.seen import seen_of
from regards_processing.kernel.tenancy.models import Tenant

_ROW: Final = re.compile(r"(?P<list>\w+)\[(?P<place>\d+)\]\.?(?P<rest>.*)")
_BLANK_ROWS: Final = 1


class Rows(BaseFormSet):  # type: ignore[type-arg] # not generic at run time
    """The objects of an array; rows that are blank or marked for deletion are none."""

    def filled_in(self) -> list[forms.Form]:
        """Return the rows that count; the set is valid."""
        return [form for form in self.forms if _counts(form.cleaned_data)]


class ItemForm(forms.Form):
    """One item; `value` is what was filled in, `tell` shows what is wrong with that."""

    required_css_class = "required"
    tenant = forms.ModelChoiceField(Tenant.objects.order_by("name"))
    #: What the person saw who changes it (`seen_of`).
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        schema: Value,
        stored: Value | None = None,
        suggestions: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        initial = filled(schema, stored) | {"seen": seen_of(stored)}
        super().__init__(data, initial=initial)
        self.schema = schema
        self.suggestions = suggestions or {}
        self.fields.update(schema_fields(schema))
        self.rows: dict[str, Rows] = {
            key: _rows(data, key=key, schema=part, stored=stored, suggestions=self.suggestions)
            for key, part in object_lists(schema).items()
        }
        _suggest(self.fields, self.suggestions, prefix="")

    def is_valid(self) -> bool:
        """Check that everything can be read; the services say whether it is right."""
        readable = [super().is_valid(), *(rows.is_valid() for rows in self.rows.values())]
        return all(readable)

    @property
    def value(self) -> dict[str, Any]:
        """What was filled in, as it stands in a file; the form is valid."""
        lists = {
            key: [built(part, row.cleaned_data) for row in self._rows_of(key)]
            for key, part in object_lists(self.schema).items()
        }
        return built(self.schema, self.cleaned_data) | {key: rows for key, rows in lists.items() if rows}

    def tell(self, faults: Iterable[Fault]) -> None:
        """Show each fault at the field that it names."""
        for fault in faults:
            found = _ROW.match(fault.field)
            if found and found["list"] in self.rows:
                row: forms.Form = self._rows_of(found["list"])[int(found["place"])]
                row.add_error(field_of(found["rest"], row.fields), str(fault))
            elif fault.field in self.rows:
                # What Django has for whole sets is filled by their own check alone.
                self.rows[fault.field].non_form_errors().append(str(fault))
            else:
                self.add_error(field_of(fault.field, self.fields), str(fault))

    def freeze(self, *names: str) -> None:
        """Let these fields not be changed, or nothing at all."""
        rows = () if names else (row for rows in self.rows.values() for row in rows.forms)
        for form in (self, *rows):
            for name in names or form.fields:
                form.fields[name].disabled = True

    def groups(self) -> dict[str, list[BoundField]]:
        """Return the fields that people see: those of the item itself, and those of each object inside."""
        found: dict[str, list[BoundField]] = {}
        for field in self.visible_fields():
            inside, _, _ = field.name.rpartition(".")
            found.setdefault(inside.partition(".")[0], []).append(field)
        return found

    def _rows_of(self, key: str) -> list[forms.Form]:
        return self.rows[key].filled_in()


def _counts(cleaned: Mapping[str, Any]) -> bool:
    filled_in = any(value not in (None, "") and value is not False for value in cleaned.values())
    return filled_in and not cleaned.get("DELETE")


def _rows(
    data: Any, *, key: str, schema: Value, stored: Value | None, suggestions: Mapping[str, Sequence[str]]
) -> Rows:
    fields = schema_fields(schema, nested=False)
    for field in fields.values():
        # A blank row is no row; what a row lacks, the services say.
        field.required = False
    _suggest(fields, suggestions, prefix=f"{key}.")
    row = type("Row", (forms.Form,), dict(fields))
    initial = [filled(schema, entry) for entry in (stored or {}).get(key, ())]
    extra = 0 if initial else _BLANK_ROWS
    kind: Any = formset_factory(row, formset=Rows, can_delete=True, extra=extra)
    made: Rows = kind(data, prefix=key, initial=initial)
    return made


def _suggest(
    fields: Mapping[str, forms.Field], suggestions: Mapping[str, Sequence[str]], *, prefix: str
) -> None:
    """Offer known values while people type; others may be typed as well."""
    for path, field in fields.items():
        if f"{prefix}{path}" in suggestions:
            field.widget.attrs["list"] = suggestion_id(f"{prefix}{path}")


def suggestion_id(path: str) -> str:
    """Return the id of the list of suggestions for a path."""
    return f"known-{path.replace('.', '-')}"
