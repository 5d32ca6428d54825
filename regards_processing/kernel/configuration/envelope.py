"""The envelope of a configuration file: modules, and in each the items. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from regards_processing.kernel.configuration.faults import Value
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.json_values import MOST_LEVELS, is_too_deep
from workers.contract.bodies import why_not_json

_SHOWN: Final = 200


class UnreadableConfiguration(DomainError):
    """The configuration file cannot be read."""

    code = "UNREADABLE_CONFIGURATION"
    http_status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An item as it stands in the file: anything may be in it."""

    #: Its place in the array ``configuration``, from 0.
    position: int
    key: object
    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One module of a file."""

    #: Its place in the array ``modules``, from 0.
    position: int
    #: Erase what is configured before the items are stored.
    reset: bool
    entries: tuple[Entry, ...]


def read_parts(*, document: bytes, module_id: str) -> list[Part]:
    """Read the modules of a file that have this id; those of others are passed over.

    Raises:
        UnreadableConfiguration: the file is not JSON or has not the shape of a configuration file.
    """
    return [
        _part(position, module)
        for position, module in enumerate(_modules(document))
        if _id_of(module) == module_id
    ]


def unknown_modules(*, document: bytes, known: Iterable[str]) -> list[str]:
    """Return a text for each module of a file whose id is none of those known.

    Raises:
        UnreadableConfiguration: the file is not JSON or has not the shape of a configuration file.
    """
    allowed = sorted(known)
    return [
        f"modules[{position}].module.id: {shown(_id_of(module))} is of no service, and passed over. "
        f"Allowed: {', '.join(allowed)}"
        for position, module in enumerate(_modules(document))
        if _id_of(module) not in allowed
    ]


def file_of(*, service: str, parts: Iterable[tuple[Mapping[str, str], bool, Iterable[Value]]]) -> Value:
    """Return a file; each part is what is said of the module, whether to reset first, and its items."""
    modules = [
        {"module": dict(information), "resetBeforeImport": reset, "configuration": list(items)}
        for information, reset, items in parts
    ]
    return {"microservice": service, "modules": modules}


def to_text(file: Value) -> str:
    """Return a file as people read it, and as they would write it."""
    return f"{json.dumps(file, indent=2, ensure_ascii=False)}\n"


def shown(value: object) -> str:
    """Return a value for people; characters that not every client and database can read are escaped."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _modules(document: bytes) -> list[Any]:
    try:
        content = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise UnreadableConfiguration(f"The configuration file is not JSON: {why_not_json(error)}") from error
    if is_too_deep(content):
        raise UnreadableConfiguration(
            f"The configuration file is nested too deeply: more than {MOST_LEVELS} levels"
        )
    if not isinstance(content, dict) or not isinstance(content.get("modules"), list):
        raise UnreadableConfiguration("The configuration file must be an object with an array modules")
    modules: list[Any] = content["modules"]
    return modules


def _id_of(module: object) -> object:
    described = module.get("module") if isinstance(module, dict) else None
    return described.get("id") if isinstance(described, dict) else None


def _part(position: int, module: Mapping[str, Any]) -> Part:
    items, reset = module.get("configuration"), module.get("resetBeforeImport")
    where = f"modules[{position}]"
    if items is not None and not isinstance(items, list):
        raise UnreadableConfiguration(f"{where}.configuration must be an array of items with key and value")
    if reset is not None and not isinstance(reset, bool):
        raise UnreadableConfiguration(f"{where}.resetBeforeImport must be true or false, got {reset!r}")
    entries = tuple(_entry(place, item) for place, item in enumerate(items or ()))
    return Part(position=position, reset=reset is True, entries=entries)


def _entry(position: int, item: object) -> Entry:
    fields = item if isinstance(item, dict) else {}
    return Entry(position=position, key=fields.get("key"), value=fields.get("value"))
