import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.scenes import LANDSAT, copied, listing
from workers.builtin.digest import worker
from workers.sdk import Cancelled, InvalidContent, RetryLater
from workers.sdk.testing import run_once


@pytest.fixture
def scene(delivered: Path) -> Path:
    return copied(LANDSAT, to=delivered / "scene" / "landsat.tif")


def _summed(content: dict[str, Any], *, storage: Path, **options: Any) -> dict[str, Any]:
    result = run_once(worker.run, content=json.dumps(content).encode(), storage=storage, **options)
    answer: dict[str, Any] = json.loads(result.content)
    return answer


@pytest.mark.parametrize(
    ("asked", "name"),
    [("sha256", "sha256"), ("MD5", "md5"), ("SHA-512", "sha512"), ("SHA3-256", "sha3_256"), ("sha", "sha1")],
)
def test_it_adds_the_digest_that_is_asked_for(scene: Path, storage: Path, asked: str, name: str) -> None:
    answer = _summed({"url": scene.as_uri(), "algorithms": [asked]}, storage=storage)
    expected = hashlib.new(name, LANDSAT.read_bytes()).hexdigest()
    assert answer == {"files": [{"url": scene.as_uri(), "size": LANDSAT.stat().st_size, name: expected}]}


def test_it_verifies_what_extract_archive_answers_and_passes_it_on(scene: Path, storage: Path) -> None:
    content = json.loads(listing(scene.parent.parent, [scene]))
    assert _summed(content, storage=storage) == content


def test_it_computes_what_is_announced_beside_what_is_asked_for(scene: Path, storage: Path) -> None:
    blake = hashlib.blake2b(LANDSAT.read_bytes()).hexdigest()
    answer = _summed({"url": scene.as_uri(), "blake2b": blake.upper()}, storage=storage)
    assert set(answer["files"][0]) == {"url", "size", "sha256", "blake2b"}
    assert answer["files"][0]["blake2b"] == blake


@pytest.mark.parametrize("suffix", ["", ".0"])
def test_it_compares_sizes_as_numbers(scene: Path, storage: Path, suffix: str) -> None:
    content = f'{{"url": "{scene.as_uri()}", "size": {LANDSAT.stat().st_size}{suffix}}}'
    answer = json.loads(run_once(worker.run, content=content.encode(), storage=storage).content)
    assert answer["files"][0]["size"] == LANDSAT.stat().st_size


def test_it_passes_on_half_a_pair_of_surrogates(scene: Path, storage: Path) -> None:
    assert _summed({"url": scene.as_uri(), "name": "\ud800"}, storage=storage)["name"] == "\ud800"


def test_it_tells_every_difference_from_the_announcement(scene: Path, storage: Path) -> None:
    true = hashlib.sha256(LANDSAT.read_bytes()).hexdigest()
    files = [{"url": scene.as_uri(), "size": 7, "sha256": "0" * 64}, {"url": str(scene), "md5": "1" * 32}]
    with pytest.raises(InvalidContent) as caught:
        _summed({"files": files}, storage=storage)
    assert [line.split(" ", 1)[0] for line in caught.value.message.split("; ")] == [
        "files[0]:",
        "files[0]:",
        "files[1]:",
    ]
    assert f"has the sha256 {true}, {'0' * 64} was announced" in caught.value.message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, 'neither "files" nor "url"'),
        ({"files": []}, "files: "),
        ({"files": [{"path": "a.tif"}]}, "files[0]: 'url' is a required property"),
        ({"files": [{"url": "/a", "md5": "short"}]}, "files[0].md5: 'short' does not match"),
        ({"url": "/etc/hostname"}, "content.url: '/etc/hostname' is outside the folders"),
        ({"url": "https://host/a"}, "only file: URLs are taken"),
        ({"url": "/a", "algorithms": ["crc32"]}, "algorithms[0]: 'crc32' is no known digest"),
    ],
)
def test_it_refuses(storage: Path, content: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidContent) as caught:
        _summed(content, storage=storage)
    assert reason in caught.value.message


def test_it_reads_no_file_of_another_tenant(scene: Path, storage: Path) -> None:
    with pytest.raises(InvalidContent, match="outside the folders"):
        _summed({"url": scene.as_uri()}, storage=storage, tenant="other", file_roots=())


def test_it_stops_in_the_middle_of_a_file_that_nobody_awaits(scene: Path, storage: Path) -> None:
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        _summed({"url": scene.as_uri()}, storage=storage, cancelled=lambda: next(asked))


@pytest.mark.parametrize("added", [b"", b"more"])
def test_it_waits_for_a_file_that_is_still_written(scene: Path, storage: Path, added: bytes) -> None:
    def write_on() -> bool:
        with scene.open("ab") as file:
            file.write(added)
        os.utime(scene)
        return False

    with pytest.raises(RetryLater, match=r"landsat\.tif changed while it was read"):
        _summed({"url": scene.as_uri()}, storage=storage, cancelled=write_on)
