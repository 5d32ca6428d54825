"""The order to carry out one execution, as the content of a request says it."""

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Self

from workers.builtin.run_process.seals import opened
from workers.builtin.shown_url import shown
from workers.processes.profile import Cardinality
from workers.processes.sealing import Addressee, parameters_of
from workers.sdk import InvalidContent, WorkRequest

_MAX_PATH: Final = 1024
#: Bytes of a name in a path: what file systems take.
_MAX_NAME: Final = 255
#: Seconds that whoever ordered waits beyond the time limit, where the order does not say.
_USUAL_GRACE: Final = 300.0
_URN: Final = re.compile(
    r"URN:[A-Z]+:[A-Z]+:[^:/\s]{1,255}:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r":V\d{1,3}(,\d{1,19})?(:REV[^:/\s]{1,100})?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file that the execution works on."""

    #: Below the folder ``input``.
    path: PurePosixPath
    #: Empty where the file is internal and the order names none.
    url: str
    size: int | None
    checksum: str | None
    feature: str | None
    correlation_id: str | None
    #: Whether REGARDS itself has it: rs-storage gives it by its checksum.
    internal: bool = False

    @property
    def shown(self) -> str:
        """What people are told of when it cannot be had."""
        return f"internal {self.checksum}" if self.internal else shown(self.url)

    @property
    def names_a_feature(self) -> bool:
        """Whether its feature is called by a URN."""
        return bool(_URN.fullmatch(self.feature or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionOrder:
    """One execution, with all that the fleet needs to know."""

    #: Those of the request, whatever the order says: what is sealed is for this one.
    tenant: str
    request_id: str
    execution_id: str
    batch_correlation_id: str
    plugin_id: str
    plugin_version: str
    #: But for the secret ones.
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
    #: The secret parameters, as JSON, if there are any.
    sealed_parameters: str | None = None

    @classmethod
    def from_json(cls, content: Mapping[str, Any], *, tenant: str, request_id: str) -> Self:
        """Read the order that a request holds; its schema has seen the types.

        Raises:
            InvalidContent: a path leaves the folder of the input files, or comes twice, or nothing says where
                a file is.
        """
        plugin = content["plugin"]
        inputs = [_input(each, f"inputFiles[{n}]") for n, each in enumerate(content["inputFiles"])]
        time_limit = content.get("timeLimit")
        return cls(
            tenant=tenant,
            request_id=request_id,
            execution_id=content["executionId"],
            batch_correlation_id=content["batchCorrelationId"],
            plugin_id=plugin["pluginId"],
            plugin_version=plugin["version"],
            parameters=plugin["parameters"],
            cardinality=Cardinality(content["cardinality"]),
            inputs=_distinct(inputs),
            time_limit=None if time_limit is None else float(time_limit),
            batch_id=content.get("batchId") or "",
            user=content.get("user") or "",
            sealed_token=content.get("sealedToken"),
            sealed_parameters=plugin.get("sealedParameters"),
        )

    def all_parameters(self, *, key: str) -> dict[str, Any]:
        """Return the parameters with the secret ones in clear.

        Raises:
            CannotOpen: they were not sealed with this key, or not for this request and its plugin.
        """
        if not self.sealed_parameters:
            return dict(self.parameters)
        addressee = self.addressee(parameters_of(self.plugin_id))
        return {**self.parameters, **json.loads(opened(self.sealed_parameters, key=key, addressee=addressee))}

    def addressee(self, part: str) -> Addressee:
        """Return for whom a part of this order is sealed."""
        return Addressee(tenant=self.tenant, request_id=self.request_id, part=part)


def longest(request: WorkRequest) -> float:
    """Return how many seconds an execution takes at most; infinity where its order has no time limit.

    Once its time is over it may still be stored, until whoever ordered it gives it up.

    Raises:
        Exception: the content is no order, whatever is wrong with it.
    """
    content = json.loads(request.content)
    limit, grace = content.get("timeLimit"), content.get("timeGrace")
    if limit is None:
        return math.inf
    return float(limit) + float(_USUAL_GRACE if grace is None else grace)


def _input(value: Mapping[str, Any], field: str) -> InputFile:
    metadata = value.get("metadata") or {}
    feature = metadata.get("featureId")
    internal = metadata.get("internal") == "true" and bool(_URN.fullmatch(feature or ""))
    return InputFile(
        path=_path(value["localRelativePath"], field),
        url=_url(value.get("url"), field, internal=internal),
        size=value.get("bytes"),
        checksum=value.get("checksum"),
        feature=feature,
        correlation_id=value.get("inputCorrelationId"),
        internal=internal,
    )


def _url(value: str | None, field: str, *, internal: bool) -> str:
    """Return where a file is; nothing where rs-storage knows it."""
    if not (value or internal):
        raise InvalidContent(
            f"{field}.url is {'missing' if value is None else 'empty'}: only internal files need none, whose "
            "metadata.internal is 'true' and whose metadata.featureId is a URN"
        )
    return value or ""


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
