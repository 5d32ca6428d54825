"""Archives written for tests, honest and hostile."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workers.builtin.extract_archive import worker
from workers.sdk.testing import run_once

SCENE = {"scene/a.tif": b"first", "scene/deep/b.xml": b"<second/>", "read me.txt": b""}


def write_zip(path: Path, files: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return path


def write_tar(path: Path, files: Mapping[str, bytes], *, mode: str = "w") -> Path:
    return write_tar_members(
        path, [(member(name, len(body)), body) for name, body in files.items()], mode=mode
    )


def member(name: str, size: int = 0, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def write_tar_members(
    path: Path, members: Sequence[tuple[tarfile.TarInfo, bytes]], *, mode: str = "w"
) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, body in members:
            archive.addfile(info, io.BytesIO(body))
    return path


def write_gzip(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


def content_for(archive: Path) -> bytes:
    return json.dumps({"url": archive.as_uri()}).encode()


def extract(archive: Path, *, storage: Path, **options: Any) -> dict[str, Any]:
    result = run_once(
        worker.run, content=content_for(archive), storage=storage, file_roots=(archive.parent,), **options
    )
    answer: dict[str, Any] = json.loads(result.content)
    return answer
