"""Reading what was compressed as a whole, with gzip or zstd: a tar archive, or one file."""

import gzip
import tarfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from backports import zstd

from workers.builtin.extract_archive.budget import Budget
from workers.builtin.extract_archive.entry import Entry
from workers.builtin.extract_archive.entry_names import EntryNames
from workers.builtin.extract_archive.metered_stream import MeteredStream
from workers.builtin.extract_archive.tar_archive import is_tar, tar_entries

GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
#: A decoder of zstd keeps a window of what it wrote; the file asks for its size, here 128 MiB at most.
_WINDOW_LOG: Final = 27
_TAR_NAMES: Final = (".tar.gz", ".tgz", ".tar.zst", ".tzst")
_NAMES: Final = (".gz", ".zst", ".zstd")


def compressed_entries(file: BinaryIO, *, name: str, modified: float, budget: Budget) -> Iterator[Entry]:
    """Yield the files of a tar archive, or the one file; each must be read before the next.

    What is named as a tar archive must be one. The one file is called like the archive without its last
    extension, and is as old.

    Raises:
        InvalidContent: the archive breaks a rule.
        tarfile.TarError, EOFError, OSError, zlib.error, zstd.ZstdError: it is damaged.
    """
    with _decompressed(file) as plain:
        stream = MeteredStream(plain, budget=budget)
        start = stream.read(tarfile.BLOCKSIZE)
        stream.seek(0)
        if name.lower().endswith(_TAR_NAMES) or is_tar(start):
            yield from tar_entries(stream, budget=budget)
        else:
            budget.count_entry()
            yield Entry(
                path=EntryNames(budget=budget).accept_file(_stem(name)), modified=modified, read=stream.read
            )


def _decompressed(file: BinaryIO) -> gzip.GzipFile | zstd.ZstdFile:
    start = file.read(len(ZSTD))
    file.seek(0)
    if start.startswith(GZIP):
        return gzip.GzipFile(fileobj=file, mode="rb")
    options = {int(zstd.DecompressionParameter.window_log_max): _WINDOW_LOG}
    return zstd.ZstdFile(file, "rb", options=options)


def _stem(name: str) -> str:
    extension = next((each for each in _NAMES if name.lower().endswith(each)), "")
    stem = name[: len(name) - len(extension)]
    return stem if stem.strip(".") else "content"
