import hashlib
import json
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.unit.workers.builtin.scenes import AIR, LANDSAT, copied
from workers.builtin.local_storage_worker import worker
from workers.builtin.transfer.terms import TargetTaken, WrongFile
from workers.sdk import InvalidContent
from workers.sdk.result import WorkResult
from workers.sdk.testing import run_once

MD5 = hashlib.md5(LANDSAT.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    monkeypatch.setenv("LOCAL_STORAGE_ROOT", str(folder))
    return folder


@pytest.fixture
def scene(delivered: Path) -> Path:
    return copied(LANDSAT, to=delivered / "landsat scene.tif")


def _body(url: str, naming: str = "FILENAME", **fields: Any) -> dict[str, Any]:
    """Return a body with the members that rs-file-access always sends."""
    return {
        "checksum": MD5,
        "algorithm": "MD5",
        "url": url,
        "destinationDirectory": None,
        "computeImageSize": False,
        "activateSmallFilePackaging": False,
        "parameters": {"fileNamingStrategy": naming},
    } | fields


def _store(body: dict[str, Any], *, storage: Path, **options: Any) -> WorkResult:
    options = {"content_type": "store-Local", "request_id": "17"} | options
    return run_once(worker.run, content=json.dumps(body).encode(), storage=storage, **options)


def _measured(picture: Path, *, storage: Path) -> tuple[int, int]:
    body = _body(picture.as_uri(), checksum=None, computeImageSize=True)
    metadata = json.loads(_store(body, storage=storage).content)["storeFileMetadata"]
    return metadata["widthInPx"], metadata["heightInPx"]


def test_it_answers_exactly_what_rs_file_access_reads(scene: Path, storage: Path, root: Path) -> None:
    result = _store(_body(scene.as_uri(), destinationDirectory="/2026/11/"), storage=storage)
    folder = root / "default" / "store-Local" / "2026" / "11"
    assert json.loads(result.content) == {
        "fileProcessingMetadata": {
            "smallFileManaged": False,
            "cachePath": None,
            "filename": "landsat scene.tif",
            "storeParentUrl": f"file://{folder}/",
            "storeParentPath": f"{folder}/",
        },
        "storeFileMetadata": {
            "@c": ".FileMetadata",
            "checksum": MD5,
            "algorithm": "MD5",
            "storedFileUrl": f"file://{folder}/landsat%20scene.tif",
            "fileSizeInBytes": LANDSAT.stat().st_size,
        },
    }
    assert (folder / "landsat scene.tif").read_bytes() == LANDSAT.read_bytes()


def test_it_names_a_file_by_its_checksum(scene: Path, storage: Path, root: Path) -> None:
    body = _body(scene.as_uri(), "CHECKSUM", checksum=MD5.upper())
    answer = json.loads(_store(body, storage=storage).content)
    assert answer["fileProcessingMetadata"]["filename"] == MD5
    assert [path.name for path in root.rglob("*") if path.is_file()] == [MD5]


def test_it_adds_the_size_of_an_image(delivered: Path, storage: Path, root: Path) -> None:
    picture = delivered / "q.png"
    Image.new("RGB", (30, 20)).save(picture)
    body = _body(picture.as_uri(), checksum=None, algorithm="SHA-256", computeImageSize=True)
    metadata = json.loads(_store(body, storage=storage).content)["storeFileMetadata"]
    assert metadata.pop("storedFileUrl").startswith(root.as_uri())
    assert metadata == {
        "@c": ".ImageFileMetadata",
        "checksum": hashlib.sha256(picture.read_bytes()).hexdigest(),
        "algorithm": "SHA-256",
        "fileSizeInBytes": picture.stat().st_size,
        "heightInPx": 20,
        "widthInPx": 30,
    }


@pytest.mark.usefixtures("root")
def test_it_measures_a_tiff(scene: Path, storage: Path) -> None:
    assert _measured(scene, storage=storage) == (237, 215)


@pytest.mark.usefixtures("root")
def test_it_measures_pictures_that_are_too_large_to_decode(delivered: Path, storage: Path) -> None:
    picture = delivered / "large.png"
    Image.new("L", (1, 1)).save(picture)
    content = bytearray(picture.read_bytes())
    # Width, height and the checksum of the first chunk.
    content[16:24] = struct.pack(">II", 60_000, 50_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    picture.write_bytes(content)
    assert _measured(picture, storage=storage) == (60_000, 50_000)


@pytest.mark.parametrize(
    ("mode", "options"),
    [("RGB", {}), ("RGB", {"lossless": True}), ("RGBA", {"exif": b"Exif\0\0"}), ("RGBA", {"lossless": True})],
)
@pytest.mark.usefixtures("root")
def test_it_measures_webp(delivered: Path, storage: Path, mode: str, options: dict[str, Any]) -> None:
    picture = delivered / "a.webp"
    Image.new(mode, (300, 200)).save(picture, **options)
    assert _measured(picture, storage=storage) == (300, 200)


@pytest.mark.usefixtures("root")
def test_it_reads_no_more_of_webp_than_its_header(delivered: Path, storage: Path) -> None:
    picture = delivered / "large.webp"
    extended = struct.pack("<4xHBHB", 59_999, 0, 16_463, 1)
    picture.write_bytes(b"RIFF\xff\xff\xff\xffWEBPVP8X" + struct.pack("<I", 10) + extended)
    with picture.open("r+b") as file:
        file.truncate(60_000_000)
    tracemalloc.start()
    assert _measured(picture, storage=storage) == (60_000, 82_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"II*\0" + b"damaged",
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"<svg/>",
        b"RIFF\4\0\0\0WEBPVP8X",
        b"RIFF\4\0\0\0WEBPodd ",
    ],
)
@pytest.mark.usefixtures("root")
def test_it_stores_an_image_that_it_cannot_measure(delivered: Path, storage: Path, content: bytes) -> None:
    (delivered / "odd.img").write_bytes(content)
    body = _body((delivered / "odd.img").as_uri(), checksum=None, computeImageSize=True)
    result = _store(body, storage=storage)
    assert json.loads(result.content)["storeFileMetadata"]["@c"] == ".FileMetadata"
    assert result.messages == ("odd.img is no image whose size is known; it is stored without",)


@pytest.mark.usefixtures("root")
def test_it_gives_no_file_the_name_of_a_part(delivered: Path, storage: Path) -> None:
    part = copied(LANDSAT, to=delivered / ".incoming-1-2")
    with pytest.raises(InvalidContent, match=r"^url: '\.incoming-1-2' begins with"):
        _store(_body(part.as_uri()), storage=storage)


@pytest.mark.usefixtures("root")
def test_it_packages_no_small_file_and_says_so(scene: Path, storage: Path) -> None:
    result = _store(_body(scene.as_uri(), activateSmallFilePackaging=True), storage=storage)
    assert json.loads(result.content)["fileProcessingMetadata"]["smallFileManaged"] is False
    assert result.messages == ("landsat scene.tif is a file of its own: this worker packages none",)


def test_it_gives_the_same_answer_on_a_second_attempt(scene: Path, storage: Path, root: Path) -> None:
    body = _body(scene.as_uri())
    assert _store(body, storage=storage).content == _store(body, storage=storage).content
    assert len([path for path in root.rglob("*") if path.is_file()]) == 1


def test_it_replaces_no_other_file_of_the_same_name(scene: Path, storage: Path, root: Path) -> None:
    _store(_body(scene.as_uri()), storage=storage)
    copied(AIR, to=scene)
    with pytest.raises(TargetTaken):
        _store(_body(scene.as_uri(), checksum=None), storage=storage)
    assert next(root.rglob("*.tif")).read_bytes() == LANDSAT.read_bytes()


def test_it_keeps_tenants_and_storages_apart(scene: Path, storage: Path, root: Path) -> None:
    body = _body(scene.as_uri())
    for tenant, store in [("a", "store-X"), ("b", "store-X"), ("a", "store-../../b")]:
        _store(body, storage=storage, tenant=tenant, content_type=store, file_roots=(scene.parent,))
    found = sorted(str(path.relative_to(root)) for path in root.rglob("*.tif"))
    assert [path.split("/")[0] for path in found] == ["a", "a", "b"]


def test_it_stores_in_the_shared_storage_by_default(scene: Path, storage: Path) -> None:
    _store(_body(scene.as_uri()), storage=storage)
    assert (storage / "default" / "store-Local" / scene.name).is_file()


def test_it_keeps_nothing_of_a_file_with_another_checksum(scene: Path, storage: Path, root: Path) -> None:
    with pytest.raises(WrongFile, match=f"has the md5 {MD5}, {'0' * 32} was announced"):
        _store(_body(scene.as_uri(), checksum="0" * 32), storage=storage)
    assert [path for path in root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"destinationDirectory": "../../etc"}, "destinationDirectory .* leaves the folder"),
        ({"destinationDirectory": "a\\b"}, "backslash"),
        ({"url": "file:///etc/hostname"}, "outside the folders this worker may read"),
        ({"url": "http://host/a"}, "has protocol 'http', allowed are: file"),
        ({"url": None}, "url: None is not of type 'string'"),
        ({"parameters": {}}, "parameters: 'fileNamingStrategy' is a required property"),
        ({"parameters": {"fileNamingStrategy": "UUID"}}, "'UUID' is not one of"),
        ({"algorithm": "CRC32"}, "'CRC32' is no known digest"),
        ({"checksum": "../x"}, "checksum: '../x' does not match"),
        ({"checksum": None, "parameters": {"fileNamingStrategy": "CHECKSUM"}}, "checksum is needed"),
    ],
)
def test_it_refuses(scene: Path, storage: Path, root: Path, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidContent, match=reason):
        _store(_body(scene.as_uri()) | fields, storage=storage)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("content_type", ["", "store-", "delete-files-request"])
def test_it_refuses_another_content_type(scene: Path, storage: Path, content_type: str) -> None:
    with pytest.raises(InvalidContent, match="must be store-<storage>"):
        _store(_body(scene.as_uri()), storage=storage, content_type=content_type)


def test_it_follows_no_link_out_of_the_storage(
    scene: Path, storage: Path, root: Path, tmp_path: Path
) -> None:
    (root / "default" / "store-Local").mkdir(parents=True)
    (root / "default" / "store-Local" / "out").symlink_to(tmp_path)
    with pytest.raises(InvalidContent, match="leads out of the storage by a link"):
        _store(_body(scene.as_uri(), destinationDirectory="out"), storage=storage)
