"""The order to carry out one execution: read from the content of a request, every fault named."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Self

from workers.processes.profile import Cardinality
from workers.sdk import InvalidContent

_MAX_PATH: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file that the execution works on."""

    #: Below the folder ``input``.
    path: PurePosixPath
    url: str
    size: int | None
    checksum: str | None
    feature: str | None
    correlation_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionOrder:
    """One execution, with all that the fleet needs to know."""

    execution_id: str
    batch_correlation_id: str
    plugin_id: str
    plugin_version: str
    parameters: Mapping[str, Any]
    cardinality: Cardinality
    inputs: tuple[InputFile, ...]
    #: Seconds that the work may last; ``None`` for no limit.
    time_limit: float | None

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read an order.

        Raises:
            InvalidContent: a field is missing or has the wrong type; it is named.
        """
        plugin = _object(content, "plugin")
        inputs = content.get("inputFiles")
        if not isinstance(inputs, list):
            raise InvalidContent(f"inputFiles must be an array, got {inputs!r:.200}")
        return cls(
            execution_id=_text(content, "executionId"),
            batch_correlation_id=_text(content, "batchCorrelationId"),
            plugin_id=_text(plugin, "pluginId", of="plugin."),
            plugin_version=_text(plugin, "version", of="plugin."),
            parameters=_object(plugin, "parameters", of="plugin."),
            cardinality=_cardinality(content.get("cardinality")),
            inputs=_distinct([_input(each, f"inputFiles[{n}]") for n, each in enumerate(inputs)]),
            time_limit=_seconds(content.get("timeLimit")),
        )


def _input(value: object, field: str) -> InputFile:
    if not isinstance(value, dict):
        raise InvalidContent(f"{field} must be an object, got {value!r:.200}")
    metadata = value.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise InvalidContent(f"{field}.metadata must be an object, got {metadata!r:.200}")
    size = value.get("bytes")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise InvalidContent(f"{field}.bytes must be a whole number, got {size!r:.200}")
    return InputFile(
        path=_path(_text(value, "localRelativePath", of=f"{field}."), field),
        url=_text(value, "url", of=f"{field}."),
        size=size,
        checksum=_optional(value, "checksum", field),
        feature=_optional(metadata, "featureId", f"{field}.metadata"),
        correlation_id=_optional(value, "inputCorrelationId", field),
    )


def _path(text: str, field: str) -> PurePosixPath:
    """Return a path that stays below its folder."""
    path = PurePosixPath(text)
    fits = len(text) <= _MAX_PATH and "\0" not in text and "\\" not in text
    if not fits or path.is_absolute() or ".." in path.parts or not path.name:
        raise InvalidContent(
            f"{field}.localRelativePath {text!r:.200} is refused: a path below the input folder is expected, "
            f"of at most {_MAX_PATH} characters, without '..' and backslashes"
        )
    return path


def _distinct(files: list[InputFile]) -> tuple[InputFile, ...]:
    seen: set[PurePosixPath] = set()
    for file in files:
        if file.path in seen or seen.intersection(file.path.parents):
            raise InvalidContent(f"localRelativePath {file.path} comes twice, or is a file and a folder")
        seen.add(file.path)
    return tuple(files)


def _text(values: Mapping[str, Any], name: str, *, of: str = "") -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidContent(f"{of}{name} must be a text, got {value!r:.200}")
    return value


def _optional(values: Mapping[str, Any], name: str, field: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidContent(f"{field}.{name} must be a text, got {value!r:.200}")
    return value


def _object(values: Mapping[str, Any], name: str, *, of: str = "") -> Mapping[str, Any]:
    value = values.get(name)
    if not isinstance(value, dict):
        raise InvalidContent(f"{of}{name} must be an object, got {value!r:.200}")
    return value


def _cardinality(value: object) -> Cardinality:
    try:
        return Cardinality(str(value))
    except ValueError:
        allowed = ", ".join(Cardinality)
        raise InvalidContent(f"cardinality must be one of {allowed}, got {value!r:.200}") from None


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InvalidContent(f"timeLimit must be a number of seconds above 0, got {value!r:.200}")
    return float(value)
