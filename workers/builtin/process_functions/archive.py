"""Packs input files into archives that depend on nothing but names and contents."""

import contextlib
import gzip
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from backports import zstd

from workers.processes.archive import ArchiveFormat, ArchiveParameters
from workers.processes.function_call import FunctionCall
from workers.processes.job import ProcessFailed
from workers.processes.profile import Cardinality

_PIECE: Final = 1024 * 1024
#: The first moment that a zip file can name.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o644
_GZIP_LEVEL: Final = 6
_ZSTANDARD_LEVEL: Final = 6

#: Name in the archive → file.
Entries = Mapping[str, Path]


def pack(call: FunctionCall, parameters: ArchiveParameters) -> None:
    """Pack the files of an execution.

    Raises:
        ProcessFailed: there are none, or a file belongs to no feature.
    """
    archives = _archives(call, parameters.name)
    for number, (name, entries) in enumerate(archives.items(), 1):
        target = call.new_output(name.parent / f"{name.name}.{parameters.format}")
        with target.open("wb") as file:
            _WRITERS[parameters.format](file, entries)
        print(f"{number} of {len(archives)}: {target.name} holds {len(entries)} files")  # noqa: T201 (it is the log)


def _archives(call: FunctionCall, name: str) -> Mapping[PurePosixPath, Entries]:
    """Return the archives to make: path without extension → entries."""
    files = call.files()
    if not files:
        raise ProcessFailed("There are no input files to pack")
    if call.cardinality is Cardinality.ONE_PER_EXECUTION:
        return {PurePosixPath(name): {str(path): call.inputs / path for path in files}}
    archives: dict[PurePosixPath, dict[str, Path]] = {}
    for path in files:
        feature, *below = path.parts
        if not below:
            raise ProcessFailed(f"Input file {path} lies in no folder of a feature: of which is it?")
        entries = archives.setdefault(PurePosixPath(feature, feature), {})
        entries["/".join(below)] = call.inputs / path
    return archives


def _write_zip(file: IO[bytes], entries: Entries) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, path in entries.items():
            entry = zipfile.ZipInfo(name, _NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever this runs
            entry.external_attr = _MODE << 16
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as target:
                while piece := source.read(_PIECE):
                    target.write(piece)


def _write_gzip(file: IO[bytes], entries: Entries) -> None:
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=_GZIP_LEVEL, mtime=0) as packed:
        _write_tar(packed, entries)


def _write_zstandard(file: IO[bytes], entries: Entries) -> None:
    options = {
        int(zstd.CompressionParameter.compression_level): _ZSTANDARD_LEVEL,
        int(zstd.CompressionParameter.checksum_flag): 1,
    }
    with zstd.ZstdFile(file, "wb", options=options) as packed:
        _write_tar(packed, entries)


def _write_tar(file: Any, entries: Entries) -> None:
    with _tar(file) as archive:
        for name, path in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = path.stat().st_size, _MODE
            with path.open("rb") as source:
                archive.addfile(entry, source)


@contextlib.contextmanager
def _tar(file: Any) -> Iterator[tarfile.TarFile]:
    """Open a tar archive that can only be written forwards."""
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        yield archive


_WRITERS: Final = {
    ArchiveFormat.ZIP: _write_zip,
    ArchiveFormat.TAR_GZ: _write_gzip,
    ArchiveFormat.TAR_ZST: _write_zstandard,
}
