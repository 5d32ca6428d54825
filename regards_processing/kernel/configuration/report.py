"""What became of one module of a file. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regards_processing.kernel.configuration.envelope import Part
from regards_processing.kernel.configuration.faults import Fault
from regards_processing.kernel.configuration.items import Refusals


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """The report of one module: which items were refused and why, and what else went wrong."""

    #: Name, version and so on of the module.
    information: Mapping[str, str]
    part: Part
    refusals: Refusals = field(default_factory=dict)
    #: What could not be erased before the import.
    kept: list[str] = field(default_factory=list)
    #: What an operator should know although it is no error.
    warnings: list[str] = field(default_factory=list)
    #: Items that were stored.
    imported: int = 0

    @property
    def total(self) -> int:
        """How many items the file has for the module."""
        return len(self.part.entries)

    @property
    def errors(self) -> list[str]:
        """Every error, in the order of the items, without saying of which item it is."""
        return [*self.kept, *(fault.text for _, fault in self._faults())]

    @property
    def located_errors(self) -> list[str]:
        """Every error with the place of its item, the field, and what is allowed."""
        return [*self.kept, *(self._located(position, fault) for position, fault in self._faults())]

    @property
    def only_errors(self) -> bool:
        """Whether every item was refused; a module without items has not failed."""
        return self.total > 0 and len(self.refusals) == self.total

    def _faults(self) -> Iterator[tuple[int, Fault]]:
        for position, faults in sorted(self.refusals.items()):
            yield from ((position, fault) for fault in faults)

    def _located(self, position: int, fault: Fault) -> str:
        key = str(self.part.entries[position].key).rpartition(".")[2]
        place = f"modules[{self.part.position}].configuration[{position}]"
        path = f".value.{fault.field}" if fault.field not in {"", "key", "value"} else ""
        return f"{place}{path} ({key}): {fault}"


def every_module_failed(reports: Sequence[ImportReport]) -> bool:
    """Whether nothing at all was imported although there was something to import."""
    return bool(reports) and all(report.only_errors for report in reports)


def as_json(report: ImportReport) -> dict[str, Any]:
    """Return the report as REST clients get it."""
    shown: dict[str, Any] = {
        "moduleInformation": dict(report.information),
        "importErrors": report.errors,
        "onlyErrors": report.only_errors,
    }
    return shown | ({"importWarnings": report.warnings} if report.warnings else {})
