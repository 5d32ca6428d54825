"""Bring the files of an execution into its folder."""

import errno
import hashlib
import re
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import fsspec

from workers.builtin.file_access import FileAccess
from workers.builtin.full_disk import is_full
from workers.builtin.run_process.limits import ProcessLimits
from workers.builtin.run_process.network import Network
from workers.builtin.run_process.order import InputFile
from workers.builtin.run_process.regards import Refused, Regards
from workers.processes.job import ProcessFailed
from workers.sdk import InvalidContent

_AT_ONCE: Final = 8
_TRIES: Final = 3
#: Seconds before the second try.
_PAUSE: Final = 0.25
_PIECE: Final = 1024 * 1024
#: Digests by the number of their hexadecimal digits.
_DIGESTS: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]+")

#: Opens a file to read.
Opened = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the files of one execution may come from."""

    access: FileAccess
    limits: ProcessLimits
    network: Network
    regards: Regards
    #: What failures of rs-storage are told with (contract 5.9).
    whose: str = ""


def fetch(files: Sequence[InputFile], *, into: Path, sources: Sources) -> None:
    """Copy or download every file to its place, several at once; each is verified.

    Raises:
        ProcessFailed: one of them may not be read, cannot be, or is not what was announced.
    """
    announced = sum(file.size or 0 for file in files)
    limit = sources.limits.max_input_bytes
    if announced > limit:
        raise ProcessFailed(f"The input files have {announced} bytes, the limit is {limit}")
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="input") as pool:
        # The first failure comes through; those not begun are not begun any more.
        futures = [pool.submit(_fetch, file, into / file.path, sources) for file in files]
        try:
            for future in futures:
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch(file: InputFile, target: Path, sources: Sources) -> None:
    opened = _source(file, sources)
    for attempt in range(1, _TRIES + 1):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            return _copy_verified(file, opened, target, sources.limits)
        except Refused as error:
            raise _not_fetched(file, str(error), sources) from error
        except OSError as error:
            # That a server is busy and that it has no such file look the same from here.
            if attempt == _TRIES or _is_hopeless(file, error):
                raise _not_fetched(file, str(error), sources) from error
            time.sleep(_PAUSE * attempt)
    return None


def _source(file: InputFile, sources: Sources) -> Opened:
    """Return how to open a file.

    Raises:
        ProcessFailed: it may not be read.
    """
    if file.internal:
        return lambda: sources.regards.stored_file(file)
    protocol = fsspec.utils.get_protocol(file.url)
    if protocol == "file":
        try:
            path = sources.access.locate(file.url, field="url")
        except InvalidContent as error:
            raise ProcessFailed(f"Failed to download {file.url} : {error.message}") from None
        return lambda: path.open("rb")
    if protocol not in sources.limits.protocols:
        allowed = ", ".join(["file", *sorted(sources.limits.protocols)])
        raise ProcessFailed(
            f"Failed to download {file.url} : protocol {protocol} is refused, allowed: {allowed}"
        )
    options = sources.network.options(file.url, protocol)
    return lambda: fsspec.open(file.url, "rb", **options)


def _not_fetched(file: InputFile, cause: str, sources: Sources) -> ProcessFailed:
    if not file.internal:
        return ProcessFailed(f"Failed to download {file.url} into {file.path} : {cause}")
    return ProcessFailed(
        f"id={uuid4()} type=INTERNAL_DOWNLOAD_ERROR {sources.whose} "
        f"message=Failed to download internal {file.checksum} into {file.path} : {cause}"
    )


def _is_hopeless(file: InputFile, error: OSError) -> bool:
    """Say whether another try would end in the same way: on this machine, nothing comes back by itself."""
    is_local = not file.internal and fsspec.utils.get_protocol(file.url) == "file"
    return is_local or is_full(error) or error.errno == errno.EFBIG


def _copy_verified(file: InputFile, opened: Opened, target: Path, limits: ProcessLimits) -> None:
    algorithm = _algorithm(file.checksum)
    digest = hashlib.new(algorithm, usedforsecurity=False) if algorithm else None
    with opened() as reading, target.open("wb") as writing:
        size = _copy(reading, writing, digest, limits.max_input_bytes)
    name = f"internal {file.checksum}" if file.internal else file.url
    if file.size is not None and file.size != size:
        raise ProcessFailed(f"{name} has {size} bytes, {file.size} were announced")
    found = digest.hexdigest() if digest else None
    if file.checksum and found and found != file.checksum.lower():
        raise ProcessFailed(f"{name} has the {algorithm} {found}, {file.checksum} was announced")


def _copy(reading: Any, writing: Any, digest: Any, limit: int) -> int:
    size = 0
    while piece := reading.read(_PIECE):
        size += len(piece)
        if size > limit:
            raise ProcessFailed(f"An input file is larger than {limit} bytes")
        if digest:
            digest.update(piece)
        writing.write(piece)
    return size


def _algorithm(checksum: str | None) -> str | None:
    """Return what a checksum looks like; the contract does not say which it is."""
    if not checksum or not _HEXADECIMAL.fullmatch(checksum):
        return None
    return _DIGESTS.get(len(checksum))


def prepare(folder: Path) -> None:
    """Make the folders of an execution: ``input`` and ``output``, both empty."""
    for name in ("input", "output"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
