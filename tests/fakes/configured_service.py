"""A service with settings of every sort, and one kind of item that can be refused, warned about and kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from regards_processing.kernel.configuration.faults import Fault, InvalidItem, Value
from regards_processing.kernel.configuration.items import Importing, Item, Refusals
from regards_processing.kernel.configuration.modules import Module
from regards_processing.kernel.dynamic_settings.definitions import Definition, InvalidSetting
from regards_processing.kernel.dynamic_settings.items import KEY as SETTING_KEY
from regards_processing.kernel.dynamic_settings.items import SettingItem
from regards_processing.kernel.rest.services import RS_PROCESSING
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting

#: Name of the module for ``settings.CONFIGURATION_MODULES``.
PATH: Final = "tests.fakes.configured_service.MODULE"
NOTE_KEY: Final = "org.example.Note"
_PREFIX: Final = "note."


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Some text under a name."""

    name: str
    text: str


class NoteItems:
    """Notes. The text ``refused`` does not fit, ``odd`` is warned about, and ``used`` cannot be erased."""

    key: str = NOTE_KEY
    schema: Value = {
        "type": "object",
        "required": ["name", "text"],
        "properties": {"name": {"type": "string"}, "text": {"type": "string"}},
    }
    tells_unknown_fields: bool = True

    def read(self, value: Value) -> Note:
        wrong = [name for name in ("name", "text") if not isinstance(value.get(name), str)]
        if wrong:
            raise InvalidItem(
                *(Fault(text=f"{name} is no text", field=name, allowed="a text") for name in wrong)
            )
        return Note(name=value["name"], text=value["text"])

    def store(self, *, importing: Importing, items: Sequence[Item[Note]]) -> Refusals:
        refusals: Refusals = {}
        for item in items:
            note = item.content
            if note.text == "refused":
                refusals[item.position] = [Fault(text=f"{note.name} does not fit", field="text")]
                continue
            TenantSetting.objects.update_or_create(
                tenant=importing.tenant, name=f"{_PREFIX}{note.name}", defaults={"value": note.text}
            )
            if note.text == "odd":
                importing.warnings.append(f"{note.name} is odd")
        return refusals

    def reset(self, *, tenant: Tenant, at: datetime) -> Sequence[str]:  # noqa: ARG002 (of every kind)
        TenantSetting.objects.for_tenant(tenant).filter(name__startswith=_PREFIX).exclude(
            value="used"
        ).delete()
        return [f"{name} is in use" for name in notes_of(tenant)]

    def exported(self, *, tenant: Tenant) -> Iterable[Value]:
        return [{"name": name, "text": text} for name, text in sorted(notes_of(tenant).items())]


class _GreetingFit:
    """Compares greetings with notes. The greeting ``fickle`` fits the first time only."""

    def __init__(self) -> None:
        self._asked = 0

    def __call__(self, *, tenant: Tenant, value: Any) -> None:
        self._asked += value == "fickle"
        if value in notes_of(tenant).values() or (value == "fickle" and self._asked > 1):
            raise InvalidSetting(f"{value} is the text of a note")


#: Must not be the text of a note.
GREETING: Final = Definition(
    name="greeting",
    description="How to begin.",
    default="hello",
    schema={"type": "string", "maxLength": 20},
    class_name="java.lang.String",
    check_fit=_GreetingFit(),
)
PASSWORD: Final = Definition(
    name="password",
    description="How to enter.",
    default="",
    schema={"type": "string", "maxLength": 6},
    class_name="java.lang.String",
    sensitive=True,
)
FIXED: Final = Definition(
    name="fixed",
    description="What stays as it is.",
    default=[1],
    schema={"type": "array"},
    class_name="java.util.ArrayList",
    modifiable=False,
)
MODULE: Final = Module(
    service=RS_PROCESSING,
    name="Fake module",
    description="For tests",
    version="1.2.3",
    author="nobody",
    legal_owner="nobody",
    documentation="none",
    settings=(GREETING, PASSWORD, FIXED),
    items=(NoteItems(),),
    export_resets=True,
)


def notes_of(tenant: Tenant) -> dict[str, str]:
    """Return the stored notes by name."""
    rows = TenantSetting.objects.for_tenant(tenant).filter(name__startswith=_PREFIX)
    return {name.removeprefix(_PREFIX): text for name, text in rows.values_list("name", "value")}


def a_note(name: object, text: object = "text") -> dict[str, Any]:
    """Return the item of a note."""
    return {"key": NOTE_KEY, "value": {"name": name, "text": text}}


def a_setting(name: str, value: object, **others: object) -> dict[str, Any]:
    """Return the item of a setting."""
    return {"key": SETTING_KEY, "value": {"name": name, "value": value, **others}}


def wanted(item: Any) -> tuple[str, Any]:
    """Return name and value of a setting that was read."""
    assert isinstance(item, SettingItem)
    return item.definition.name, item.value
