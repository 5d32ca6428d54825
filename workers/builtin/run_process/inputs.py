"""Bring the files of an execution into its folder."""

import hashlib
import re
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import fsspec

from workers.builtin.file_access import FileAccess
from workers.builtin.run_process.limits import ProcessLimits
from workers.builtin.run_process.order import InputFile
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


def fetch(files: Sequence[InputFile], *, into: Path, access: FileAccess, limits: ProcessLimits) -> None:
    """Copy or download every file to its place, several at once; each is verified.

    Raises:
        ProcessFailed: one of them may not be read, cannot be, or is not what was announced.
    """
    announced = sum(file.size or 0 for file in files)
    if announced > limits.max_input_bytes:
        raise ProcessFailed(f"The input files have {announced} bytes, the limit is {limits.max_input_bytes}")
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="input") as pool:
        # The first failure comes through; those not begun are not begun any more.
        futures = [pool.submit(_fetch, file, into / file.path, access, limits) for file in files]
        try:
            for future in futures:
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch(file: InputFile, target: Path, access: FileAccess, limits: ProcessLimits) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    protocol = fsspec.utils.get_protocol(file.url)
    if protocol != "file" and protocol not in limits.protocols:
        allowed = ", ".join(["file", *sorted(limits.protocols)])
        raise ProcessFailed(
            f"Failed to download {file.url} : protocol {protocol} is refused, allowed: {allowed}"
        )
    try:
        source = access.locate(file.url, field="url") if protocol == "file" else None
    except InvalidContent as error:
        raise ProcessFailed(f"Failed to download {file.url} : {error.message}") from None
    for attempt in range(1, _TRIES + 1):
        try:
            return _copy_verified(file, source, target, limits)
        except OSError as error:
            # That a server is busy and that it has no such file look the same from here.
            if attempt == _TRIES or source is not None:
                raise ProcessFailed(f"Failed to download {file.url} into {file.path} : {error}") from error
            time.sleep(_PAUSE * attempt)
    return None


def _copy_verified(file: InputFile, source: Path | None, target: Path, limits: ProcessLimits) -> None:
    algorithm = _algorithm(file.checksum)
    digest = hashlib.new(algorithm, usedforsecurity=False) if algorithm else None
    with _opened(file, source) as reading, target.open("wb") as writing:
        size = _copy(reading, writing, digest, limits.max_input_bytes)
    if file.size is not None and file.size != size:
        raise ProcessFailed(f"{file.url} has {size} bytes, {file.size} were announced")
    found = digest.hexdigest() if digest else None
    if file.checksum and found and found != file.checksum.lower():
        raise ProcessFailed(f"{file.url} has the {algorithm} {found}, {file.checksum} was announced")


def _opened(file: InputFile, source: Path | None) -> Any:
    return source.open("rb") if source else fsspec.open(file.url, "rb")


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
