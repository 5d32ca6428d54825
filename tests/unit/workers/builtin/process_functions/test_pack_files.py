"""Archives of the files of an order."""

import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from tests.unit.workers.builtin.process_functions.calls import a_call, executed, made
from workers.builtin.process_functions.archive import pack
from workers.processes.archive import ArchiveFormat, ArchiveParameters, ArchivePlugin
from workers.processes.job import ProcessFailed
from workers.processes.plugin import InvalidParameters
from workers.processes.profile import Cardinality


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Two files of one feature, one of another."""
    for name, content in {"F1/a.raw": b"a" * 100_000, "F1/é b.raw": b"b", "F2/sub/c.raw": b"c"}.items():
        path = tmp_path / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "input"


def _zipped(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _gzipped(file: Path) -> dict[str, bytes]:
    with tarfile.open(file, "r:gz") as archive:
        return _entries(archive)


def _zstandard(file: Path) -> dict[str, bytes]:
    with (
        zstd.open(file, "rb") as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|") as archive,
    ):
        return _entries(archive)


def _entries(archive: tarfile.TarFile) -> dict[str, bytes]:
    found = {}
    for entry in archive:
        content = archive.extractfile(entry)
        assert content is not None
        assert (entry.mtime, entry.uid, entry.uname) == (0, 0, "")
        found[entry.name] = content.read()
    return found


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        (ArchiveFormat.ZIP, _zipped),
        (ArchiveFormat.TAR_GZ, _gzipped),
        (ArchiveFormat.TAR_ZST, _zstandard),
    ],
)
def test_it_packs_each_feature_the_same_way_each_time(
    kind: ArchiveFormat, read: Any, inputs: Path, tmp_path: Path
) -> None:
    packed: list[bytes] = []
    for again in ("once", "twice"):
        folder = tmp_path / again
        folder.mkdir()
        inputs.rename(folder / "input")
        inputs = folder / "input"
        os.utime(inputs / "F1" / "a.raw", (1, len(packed)))
        pack(a_call(folder, cardinality=Cardinality.ONE_PER_FEATURE), ArchiveParameters(format=kind))
        packed.append((folder / "output" / "F1" / f"F1.{kind}").read_bytes())
    assert packed[0] == packed[1]
    outputs = tmp_path / "twice" / "output"
    assert read(outputs / "F1" / f"F1.{kind}") == {"a.raw": b"a" * 100_000, "é b.raw": b"b"}
    assert read(outputs / "F2" / f"F2.{kind}") == {"sub/c.raw": b"c"}


def test_it_packs_all_files_of_an_order(inputs: Path, tmp_path: Path) -> None:
    files = sorted((inputs / "F1").iterdir())
    answer = executed(
        ArchivePlugin, *files, roots=tmp_path, cardinality="ONE_PER_EXECUTION", archiveName="order"
    )
    assert list(_zipped(made(answer)["order.zip"])) == ["F1/a.raw", "F1/é b.raw"]
    assert answer["outputs"][0]["inputCorrelationIds"] == ["cid:F1/a.raw", "cid:F1/é b.raw"]


def test_it_says_what_it_cannot_pack(inputs: Path, tmp_path: Path) -> None:
    call = a_call(tmp_path, cardinality=Cardinality.ONE_PER_FEATURE)
    (inputs / "stray.raw").write_bytes(b"s")
    with pytest.raises(ProcessFailed, match=r"stray\.raw lies in no folder of a feature"):
        pack(call, ArchiveParameters())
    with pytest.raises(ProcessFailed, match="no input files"):
        pack(a_call(tmp_path / "empty"), ArchiveParameters())


def test_it_refuses_what_makes_no_archive() -> None:
    with pytest.raises(InvalidParameters, match=r"archiveName '\.\./x'"):
        ArchiveParameters(name="../x")
    faults = ArchivePlugin.own_faults({"cardinality": "ONE_PER_INPUT_FILE", "archiveFormat": "zip"})
    assert set(faults) == {"cardinality"}
