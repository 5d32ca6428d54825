"""The files of the request: checked, located and sorted into scenes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from workers.builtin.file_access import FileAccess
from workers.builtin.file_digest import sha256_of
from workers.builtin.scene_kinds import SceneKind, kind_of
from workers.sdk import InvalidContent

_NAMED_IN_REFUSAL: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneFile:
    """One file of the request."""

    #: Where it lay in the archive.
    path: PurePosixPath
    local: Path
    size: int
    #: Lower-case hexadecimal.
    sha256: str
    #: ``None`` for a file that is carried along but not described.
    kind: SceneKind | None

    @property
    def name(self) -> str:
        """Return the path in the archive as text."""
        return str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Files that make one item."""

    #: The top-level folder of the archive; empty for the files beside the folders.
    folder: str
    files: tuple[SceneFile, ...]

    @property
    def described(self) -> tuple[SceneFile, ...]:
        """Return the files that hold data."""
        return tuple(file for file in self.files if file.kind)


def read_files(
    content: Mapping[str, Any], *, access: FileAccess, kinds: Collection[SceneKind]
) -> list[SceneFile]:
    """Return the files that the content lists; those of other ``kinds`` hold no data here.

    The schema of the content has seen the types.

    Raises:
        InvalidContent: a file may not be read or is not what the content says.
    """
    return [
        _read_file(entry, field=f"files[{index}]", access=access, kinds=kinds)
        for index, entry in enumerate(content["files"])
    ]


def into_scenes(files: Sequence[SceneFile], *, wanted: str) -> list[Scene]:
    """Return one scene per top-level folder that holds data.

    Folders without data, such as ``metadata/``, belong to the only scene if there is just one. ``wanted`` is
    what messages call files that hold data.

    Raises:
        InvalidContent: no file holds data.
    """
    folders: dict[str, list[SceneFile]] = {}
    for file in files:
        folders.setdefault(file.path.parts[0] if len(file.path.parts) > 1 else "", []).append(file)
    with_data = {folder: found for folder, found in folders.items() if any(file.kind for file in found)}
    if not with_data:
        names = ", ".join(file.name for file in files[:_NAMED_IN_REFUSAL])
        more = f" and {len(files) - _NAMED_IN_REFUSAL} more" if len(files) > _NAMED_IN_REFUSAL else ""
        raise InvalidContent(f"No {wanted} file among the {len(files)} file(s) found: {names}{more}")
    if len(with_data) == 1:
        return [Scene(folder=next(iter(with_data)), files=tuple(files))]
    return [Scene(folder=folder, files=tuple(found)) for folder, found in sorted(with_data.items())]


def _read_file(
    entry: Mapping[str, Any], *, field: str, access: FileAccess, kinds: Collection[SceneKind]
) -> SceneFile:
    local = access.locate(entry["url"], field=f"{field}.url")
    size = local.stat().st_size
    if entry.get("size") not in {None, size}:
        raise InvalidContent(f"{field}.size says {entry['size']}, the file has {size} bytes")
    kind = kind_of(local)
    return SceneFile(
        path=_path_in_archive(entry.get("path", local.name), field=f"{field}.path"),
        local=local,
        size=size,
        sha256=entry.get("sha256") or sha256_of(local),
        kind=kind if kind in kinds else None,
    )


def _path_in_archive(value: str, *, field: str) -> PurePosixPath:
    path = PurePosixPath(value)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise InvalidContent(f"{field} must be a relative path without '..', got {value!r:.200}")
    return path
