"""Where the input files of an execution come from, and what may not be read."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import aiohttp
import fsspec

from workers.builtin import web_files
from workers.builtin.file_access import FileAccess
from workers.builtin.run_process.inputs import Source
from workers.builtin.run_process.limits import ProcessLimits
from workers.builtin.run_process.network import Network
from workers.builtin.run_process.order import InputFile
from workers.builtin.run_process.regards import Regards
from workers.builtin.transfer.failures import is_outage, words
from workers.processes.job import ProcessFailed
from workers.sdk import InvalidContent

_FILE: Final = "file"


def check(files: Sequence[InputFile], *, limits: ProcessLimits) -> None:
    """Let pass what may be brought.

    Raises:
        ProcessFailed: they announce too many bytes, or one comes by a protocol that is refused.
    """
    announced = sum(file.size or 0 for file in files)
    if announced > limits.max_input_bytes:
        raise ProcessFailed(f"The input files have {announced} bytes, the limit is {limits.max_input_bytes}")
    for file in files:
        protocol = _protocol(file)
        if not (is_local(file) or file.internal or protocol in limits.protocols):
            allowed = ", ".join([_FILE, *sorted(limits.protocols)])
            raise ProcessFailed(f"{_failure(file)} : protocol {protocol} is refused, allowed: {allowed}")


def is_local(file: InputFile) -> bool:
    """Say whether a file lies in a folder of this machine."""
    return not file.internal and _protocol(file) == _FILE


def of_machine(files: Sequence[InputFile], *, access: FileAccess) -> list[Source]:
    """Return those of local files.

    Raises:
        ProcessFailed: one of them may not be read.
    """
    return [_local(file, access) for file in files]


def of_network(files: Sequence[InputFile], *, network: Network, regards: Regards, whose: str) -> list[Source]:
    """Return those of all other files; ``whose`` they are is told with failures of rs-storage."""
    return [_stored(file, regards, whose) if file.internal else _elsewhere(file, network) for file in files]


def _local(file: InputFile, access: FileAccess) -> Source:
    try:
        path = access.locate(file.url, field="url")
    except InvalidContent as error:
        raise ProcessFailed(f"{_failure(file)} : {error.message}") from None
    return Source(file=file, opened=lambda: path.open("rb"), failure=_failure(file), remote=False)


def _stored(file: InputFile, regards: Regards, whose: str) -> Source:
    # The form of the reference (contract 5.9).
    failure = f"id={uuid4()} type=INTERNAL_DOWNLOAD_ERROR {whose} message={_failure(file)}"
    return Source(file=file, opened=lambda: regards.stored_file(file), failure=failure, remote=True)


def _elsewhere(file: InputFile, network: Network) -> Source:
    protocol = _protocol(file)
    options = network.options(file.url, protocol)
    return Source(
        file=file,
        opened=lambda: _reading(file.url, protocol, options),
        failure=_failure(file),
        remote=True,
    )


@contextmanager
def _reading(url: str, protocol: str, options: Mapping[str, Any]) -> Iterator[Any]:
    """Open a file of another server.

    Raises:
        OSError: it cannot be had, or not all of it; the libraries have kinds of their own for that.
    """
    try:
        with _stream(url, protocol, options) as reading:
            yield reading
    except Exception as error:
        # Those of the system may be of our own disk; whoever fetches looks at their numbers.
        told = isinstance(error, OSError) and not isinstance(error, (aiohttp.ClientError, TimeoutError))
        if told or not is_outage(error):
            raise
        raise OSError(words(error, url)) from error


def _stream(url: str, protocol: str, options: Mapping[str, Any]) -> Any:
    if protocol not in web_files.PROTOCOLS:
        return fsspec.open(url, "rb", **options)
    filesystem, path = fsspec.url_to_fs(url, **options)
    return web_files.stream(filesystem, path)


def _failure(file: InputFile) -> str:
    return f"Failed to download {file.shown}"


def _protocol(file: InputFile) -> str:
    return str(fsspec.utils.get_protocol(file.url))
