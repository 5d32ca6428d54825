"""The order to carry out one execution: read from the content of a request, every fault named."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Self

from workers.processes.profile import Cardinality
from workers.sdk import InvalidContent

_MAX_PATH: Final = 1024
#: Bytes of a name in a path: what file systems take.
_MAX_NAME: Final = 255
_URN: Final = re.compile(
    r"URN:[A-Z]+:[A-Z]+:[^:/\s]{1,255}:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r":V\d{1,3}(,\d{1,19})?(:REV[^:/\s]{1,100})?"
)


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
    #: Whether REGARDS itself has it: rs-storage gives it by its checksum.
    internal: bool = False

    @property
    def names_a_feature(self) -> bool:
        """Whether its feature is called by a URN."""
        return bool(_URN.fullmatch(self.feature or ""))


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
    batch_id: str = ""
    #: Who ordered it.
    user: str = ""
    #: The token of that user, if the platform gave one.
    sealed_token: str | None = None

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
            batch_id=_optional(content, "batchId") or "",
            user=_optional(content, "user") or "",
            sealed_token=_optional(content, "sealedToken"),
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
    feature = _optional(metadata, "featureId", of=f"{field}.metadata.")
    return InputFile(
        path=_path(_text(value, "localRelativePath", of=f"{field}."), field),
        url=_text(value, "url", of=f"{field}."),
        size=size,
        checksum=_optional(value, "checksum", of=f"{field}."),
        feature=feature,
        correlation_id=_optional(value, "inputCorrelationId", of=f"{field}."),
        internal=metadata.get("internal") == "true" and bool(_URN.fullmatch(feature or "")),
    )


def _path(text: str, field: str) -> PurePosixPath:
    """Return a path that stays below its folder."""
    path = PurePosixPath(text)
    fits = len(text) <= _MAX_PATH and "\\" not in text and is_plain(text)
    stays = not path.is_absolute() and ".." not in path.parts and path.name
    if not (fits and stays and all(len(part.encode()) <= _MAX_NAME for part in path.parts)):
        raise InvalidContent(
            f"{field}.localRelativePath {text!a:.200} is refused: a path below the input folder is "
            f"expected, of at most {_MAX_PATH} characters and {_MAX_NAME} bytes for each name, "
            "without '..', backslashes and control characters"
        )
    return path


def is_plain(text: str) -> bool:
    """Say whether a name is text that can be written as UTF-8 and holds no control character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return not any(unicodedata.category(character) == "Cc" for character in text)


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


def _optional(values: Mapping[str, Any], name: str, *, of: str = "") -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidContent(f"{of}{name} must be a text, got {value!r:.200}")
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
