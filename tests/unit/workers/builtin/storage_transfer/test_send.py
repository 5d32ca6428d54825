"""Files that go to another store."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFile

from tests.unit.workers.builtin.storage_transfer.transfers import CONTENT, SHA256, answered, transfer
from workers.builtin.transfer.terms import TargetTaken, WrongFile
from workers.sdk import Cancelled, InvalidContent
from workers.sdk.errors import ConfigurationError


@pytest.fixture
def source(delivered: Path) -> Path:
    path = delivered / "a.bin"
    path.write_bytes(CONTENT)
    return path


def test_it_sends_a_file(source: Path, memory: Any, storage: Path) -> None:
    result = transfer({"source": source.as_uri(), "target": "memory://store/a.bin"}, storage=storage)
    assert answered(result) == [{"url": "memory://store/a.bin", "size": len(CONTENT), "sha256": SHA256}]
    assert memory.cat("/store/a.bin") == CONTENT


def test_it_carries_from_one_store_to_another(memory: Any, storage: Path) -> None:
    memory.pipe("/in/a.bin", CONTENT)
    order = {"source": "memory://in/a.bin", "target": "memory://out/a.bin", "checksum": SHA256}
    transfer(order, storage=storage)
    assert memory.cat("/out/a.bin") == CONTENT


def test_it_sends_nothing_again_that_is_there(source: Path, memory: Any, storage: Path) -> None:
    order = {"source": source.as_uri(), "target": "memory://a.bin"}
    transfer(order, storage=storage)
    there = memory.store["/a.bin"]
    assert transfer(order, storage=storage).messages == ("memory://a.bin was there already",)
    assert memory.store["/a.bin"] is there


def test_it_replaces_another_file_only_when_asked_to(source: Path, memory: Any, storage: Path) -> None:
    memory.pipe("/a.bin", b"other")
    order = {"source": source.as_uri(), "target": "memory://a.bin"}
    with pytest.raises(TargetTaken, match=r"Another file lies at memory://a\.bin"):
        transfer(order, storage=storage)
    assert memory.cat("/a.bin") == b"other"
    transfer(order, storage=storage, overwrite=True)
    assert memory.cat("/a.bin") == CONTENT


def test_it_leaves_nothing_of_a_file_that_is_not_the_announced_one(
    source: Path, memory: Any, storage: Path
) -> None:
    order = {"source": source.as_uri(), "target": "memory://a.bin", "checksum": "0" * 64}
    with pytest.raises(WrongFile):
        transfer(order, storage=storage)
    assert memory.find("/") == []


def test_it_leaves_nothing_of_a_file_that_nobody_awaits(source: Path, memory: Any, storage: Path) -> None:
    with pytest.raises(Cancelled):
        transfer(
            {"source": source.as_uri(), "target": "memory://a.bin"}, storage=storage, cancelled=lambda: True
        )
    assert memory.find("/") == []


def test_it_removes_a_file_that_a_store_has_damaged(
    source: Path, memory: Any, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryFile, "write", lambda self, piece: BytesIO.write(self, piece[:-1] + b"?"))
    order = {"source": source.as_uri(), "target": "memory://a.bin"}
    with pytest.raises(WrongFile, match=f"memory://a.bin has the sha256 .* after {SHA256} was sent"):
        transfer(order, storage=storage)
    assert memory.find("/") == []


def test_it_compares_only_sizes_when_nothing_is_to_be_read_back(
    source: Path, memory: Any, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryFile, "read", None)
    transfer(
        {"source": source.as_uri(), "target": "memory://a.bin"}, storage=storage, more={"readBack": False}
    )
    assert memory.store["/a.bin"].getvalue() == CONTENT


@pytest.mark.parametrize(("protocol", "package"), [("gs", "gcsfs"), ("abfs", "adlfs")])
def test_it_names_the_package_that_a_protocol_lacks(
    source: Path, storage: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, package: str
) -> None:
    monkeypatch.setenv("TRANSFER_PROTOCOLS", protocol)
    told = f"files\\[0\\].target: this fleet cannot reach '{protocol}://store/a.bin': .*{package}"
    with pytest.raises(ConfigurationError, match=told):
        transfer({"source": source.as_uri(), "target": f"{protocol}://store/a.bin"}, storage=storage)


def test_it_writes_by_no_protocol_that_only_reads(
    source: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "https")
    with pytest.raises(InvalidContent, match=r"nothing is written by https; by these: .*ftp.*s3"):
        transfer({"source": source.as_uri(), "target": "https://host/a.bin"}, storage=storage)
