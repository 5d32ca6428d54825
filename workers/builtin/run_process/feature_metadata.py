"""The metadata of each feature, put beside its files (``addMetadata``)."""

import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from workers.builtin.run_process.order import InputFile
from workers.builtin.run_process.regards import Regards
from workers.processes.job import ProcessFailed

_AT_ONCE: Final = 8
#: Bytes of what the catalog says of one feature.
_MOST: Final = 16 * 1024 * 1024

_log: Final = logging.getLogger(__name__)


def add(files: Sequence[InputFile], *, into: Path, regards: Regards) -> None:
    """Write ``<feature>/metadata/metadata.json`` of each feature; what cannot be had is only logged."""
    features = sorted({file.feature for file in files if file.feature and file.names_a_feature})
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="metadata") as pool:
        list(pool.map(lambda feature: _add(feature, into, regards), features))


def _add(feature: str, into: Path, regards: Regards) -> None:
    try:
        metadata = _content(feature, regards)
        path = into / feature / "metadata" / "metadata.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # A file of the order may lie there already.
        with path.open("x", encoding="utf-8") as file:
            json.dump(metadata, file, ensure_ascii=False)
    except (ProcessFailed, OSError, ValueError) as error:
        _log.warning("metadata of feature %s is missing: %s", feature, error)


def _content(feature: str, regards: Regards) -> Any:
    with regards.feature(feature) as answer:
        text = answer.read(_MOST + 1)
    if len(text) > _MOST:
        raise ValueError(f"it has more than {_MOST} bytes")
    found = json.loads(text)
    if not isinstance(found, dict) or "content" not in found:
        raise ValueError("the answer has no content")
    return found["content"]
