"""When a step of a workflow is taken: what a header of the answer before says. Ours, beyond REGARDS."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

#: Name of a condition in a step of a configuration file, and in a canvas.
ONLY_IF: Final = "onlyIf"
IN: Final = "in"
NOT_IN: Final = "notIn"


@dataclass(frozen=True, slots=True)
class Condition:
    """One header, and the values that count."""

    header: str
    values: tuple[str, ...]
    #: The step is taken for every value but these, and without the header.
    excluded: bool = False

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a condition that was checked before: ``{"header": …, "in": […]}``, or with ``notIn``."""
        excluded = value.get(NOT_IN) is not None
        return cls(value["header"], tuple(value[NOT_IN if excluded else IN]), excluded)

    def to_json(self) -> dict[str, Any]:
        """Write the condition as it stands in a configuration file and in a canvas."""
        return {"header": self.header, NOT_IN if self.excluded else IN: list(self.values)}

    def holds(self, headers: Mapping[str, str]) -> bool:
        """Tell whether a step is taken after an answer with these additional headers."""
        return (headers.get(self.header) in self.values) is not self.excluded

    def __str__(self) -> str:
        return f"{self.header} is {'none' if self.excluded else 'one'} of {', '.join(self.values)}"
