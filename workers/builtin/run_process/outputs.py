"""What an execution made: counted, stored by digest, and told apart by the inputs it was made of."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from workers.builtin import atomic_file
from workers.builtin.file_digest import sha256_of
from workers.builtin.run_process.limits import ProcessLimits
from workers.builtin.run_process.order import InputFile, is_plain
from workers.processes.job import ProcessFailed
from workers.processes.profile import Cardinality
from workers.sdk.held_folders import HeldFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOutput:
    """A file that an execution made, in the shared storage."""

    name: str
    url: str
    size: int
    sha256: str
    input_correlation_ids: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Write it into the answer."""
        return {
            "name": self.name,
            "url": self.url,
            "size": self.size,
            "sha256": self.sha256,
            "inputCorrelationIds": list(self.input_correlation_ids),
        }


def made(folder: Path, *, own: Path, limits: ProcessLimits) -> list[PurePosixPath]:
    """Return the files of the output folder, in order; a link to a file is one if that file is ours.

    Args:
        folder: where the execution made them.
        own: the folder of the execution; what lies elsewhere belongs to others.
        limits: how many and how big they may be.

    Raises:
        ProcessFailed: there are too many, they are too big, or the folder is a link to one of others.
    """
    found, total, real = [], 0, own.resolve()
    if not _is_within(folder, real):
        raise ProcessFailed(
            f"Folder {folder.name} has become a link to a folder outside that of the execution"
        )
    for path, size in _files(folder, real):
        found.append(PurePosixPath(path.relative_to(folder)))
        total += size
        if len(found) > limits.max_output_files:
            raise ProcessFailed(f"More than {limits.max_output_files} output files")
        if total > limits.max_output_bytes:
            raise ProcessFailed(f"The output files have more than {limits.max_output_bytes} bytes")
    return sorted(found)


def check_names(names: Sequence[PurePosixPath]) -> None:
    """Let pass the names that an answer can hold and others can write to their disks.

    Raises:
        ProcessFailed: a name has control characters, or bytes that are no text.
    """
    for name in names:
        if not is_plain(str(name)):
            raise ProcessFailed(
                f"Output file {str(name)!a:.300} has a name that cannot be passed on: "
                "UTF-8 without control characters is expected"
            )


def store(
    names: Sequence[PurePosixPath],
    *,
    folder: Path,
    target: Path,
    staging: Path,
    inputs: Sequence[InputFile],
    cardinality: Cardinality,
) -> list[StoredOutput]:
    """Move the files into the storage, each under its digest; the same content is stored once.

    Args:
        names: the files, below ``folder``; what is moved is not there any more.
        folder: where the execution made them.
        target: where they go.
        staging: where, on the same file system, files are kept until all of them can go.
        inputs: what they were made of.
        cardinality: says which file was made of which.

    Raises:
        ProcessFailed: one of them cannot be read or written; then none of them is stored.
    """
    if not names:
        return []
    name = PurePosixPath()
    try:
        target.mkdir(parents=True, exist_ok=True)
        with HeldFolder(staging) as held:
            arrived: dict[Path, Path] = {}
            stored = {}
            # Links first: what they lead to may be moved.
            for name in sorted(names, key=lambda each: not (folder / each).is_symlink()):
                related = _sources(name, inputs, cardinality)
                stored[name] = _store(name, folder, target, related, held.path, arrived)
            # Only now, and never removed again: another attempt may count on what lies under its digest.
            for place, incoming in arrived.items():
                incoming.replace(place)
    except OSError as error:
        raise ProcessFailed(f"Output file {name} cannot be stored: {error.strerror}") from error
    return [stored[name] for name in names]


def expected_number(inputs: Sequence[InputFile], cardinality: Cardinality) -> int:
    """Return how many files an execution has to make."""
    match cardinality:
        case Cardinality.ONE_PER_EXECUTION:
            return 1
        case Cardinality.ONE_PER_FEATURE:
            return len({file.feature for file in inputs if file.feature})
        case Cardinality.ONE_PER_INPUT_FILE:
            return len(inputs)


def _is_within(path: Path, own: Path) -> bool:
    """Say whether a path lies in a folder, whose own has no links, once those on its way are followed."""
    # Unlike `resolve`, this bears links that lead to themselves.
    return Path(os.path.realpath(path)).is_relative_to(own)


def _files(folder: Path, own: Path) -> Iterator[tuple[Path, int]]:
    """Yield regular files, and links to those of ``own``, with sizes; what goes away meanwhile is none."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            if stat.S_ISLNK(status.st_mode):
                with suppress(OSError):
                    status = path.stat() if _is_within(path, own) else status
            if stat.S_ISREG(status.st_mode):
                yield path, status.st_size


def _store(
    name: PurePosixPath,
    folder: Path,
    target: Path,
    related: tuple[str, ...],
    staging: Path,
    arrived: dict[Path, Path],
) -> StoredOutput:
    path = folder / name
    digest, size = sha256_of(path), path.stat().st_size
    place = target / digest
    if place not in arrived and not place.exists():
        # Whole under another name first: whoever finds it under its digest finds all of it.
        incoming = staging / digest
        _stage(path, incoming)
        arrived[place] = incoming
    return StoredOutput(
        name=str(name),
        url=f"file:{place.as_uri()[7:]}",
        size=size,
        sha256=digest,
        input_correlation_ids=related,
    )


def _stage(path: Path, incoming: Path) -> None:
    """Bring a file, by a move where one is possible, to where it is nobody's but ours."""
    # As other files of this account are made, whatever rights the program gave to its own.
    incoming.touch()
    rights = stat.S_IMODE(incoming.stat().st_mode)
    status = path.lstat()
    if status.st_nlink > 1 or status.st_uid != os.geteuid() or stat.S_ISLNK(status.st_mode):
        # It is somebody else's as well, who may go on writing to it, or has a name of its own.
        atomic_file.copy(path, incoming)
    else:
        atomic_file.move(path, incoming)
    incoming.chmod(rights)


def _sources(name: PurePosixPath, inputs: Sequence[InputFile], cardinality: Cardinality) -> tuple[str, ...]:
    """Return the correlation ids of the inputs that an output was made of."""
    match cardinality:
        case Cardinality.ONE_PER_EXECUTION:
            found = list(inputs)
        case Cardinality.ONE_PER_FEATURE:
            found = [file for file in inputs if _group(file.path) == _group(name)]
        case Cardinality.ONE_PER_INPUT_FILE:
            found = _same_name(name, inputs)
    return tuple(file.correlation_id for file in found if file.correlation_id)


def _group(path: PurePosixPath) -> str:
    """Return the name of the folder that a file lies in; without one, its own name."""
    return path.parent.name or path.name


def _same_name(name: PurePosixPath, inputs: Sequence[InputFile]) -> list[InputFile]:
    """Return the inputs called as an output, but for the extension: those of its folder, if it has one."""
    alike = [file for file in inputs if file.path.stem == name.stem]
    if not name.parent.name:
        return alike
    return [file for file in alike if file.path.parent.name == name.parent.name]
