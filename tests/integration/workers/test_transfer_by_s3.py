"""Files that come and go by S3: what is brought, sent, resumed and refused by a real server."""

import hashlib
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.s3_server import SECRET, Bucket, S3Server, door_before
from tests.unit.workers.builtin.storage_transfer.transfers import answered, broken_off, transfer
from workers.builtin.transfer.terms import TargetTaken, WrongFile
from workers.sdk import Cancelled, InvalidContent, RetryLater
from workers.sdk.errors import ConfigurationError
from workers.sdk.result import WorkResult

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded

_SMALL = b"a small file"
#: Two parts of 16 MiB and the beginning of a third.
_LARGE = os.urandom(33 * 1024 * 1024)


@pytest.fixture(autouse=True)
def protocols(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow the protocol."""
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "s3")


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """Give a file of the tenant to send."""
    path = tmp_path / "default" / "here" / "a.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(_SMALL)
    return path


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _sent(scene: Path, url: str, tmp_path: Path, **options: Any) -> WorkResult:
    overwrite = options.pop("overwrite", False)
    cancelled = {"cancelled": options.pop("cancelled")} if "cancelled" in options else {}
    order = {"source": scene.as_uri(), "target": url} | options
    return transfer(order, storage=tmp_path, overwrite=overwrite, **cancelled)


def test_it_sends_a_file_and_brings_it_back(bucket: Bucket, scene: Path, got: Path, tmp_path: Path) -> None:
    url = bucket.url("deep/a b+é.bin")
    expected = {"size": len(_SMALL), "sha256": _sha256(_SMALL)}
    assert answered(_sent(scene, url, tmp_path, checksum=_sha256(_SMALL))) == [{"url": url} | expected]
    assert bucket.objects == {"deep/a b+é.bin": _SMALL}
    back = transfer({"source": url, "target": str(got)}, storage=tmp_path)
    assert answered(back) == [{"url": got.as_uri()} | expected]
    assert (got.read_bytes(), _names(got.parent)) == (_SMALL, ["a.bin"])


def test_it_answers_with_the_whole_of_a_long_url(bucket: Bucket, scene: Path, tmp_path: Path) -> None:
    url = bucket.url("/".join(["x" * 100] * 10))
    assert answered(_sent(scene, url, tmp_path))[0]["url"] == url


def test_it_sends_large_files_in_parts(bucket: Bucket, scene: Path, got: Path, tmp_path: Path) -> None:
    scene.write_bytes(_LARGE)
    sent = _sent(scene, bucket.url("a.bin"), tmp_path, size=len(_LARGE), checksum=_sha256(_LARGE))
    assert answered(sent)[0]["sha256"] == _sha256(_LARGE)
    assert bucket.head("a.bin")["ETag"].endswith('-3"')
    assert bucket.objects["a.bin"] == _LARGE
    assert bucket.unfinished == []
    transfer({"source": bucket.url("a.bin"), "target": str(got)}, storage=tmp_path)
    assert got.read_bytes() == _LARGE


def test_it_sends_an_empty_file(bucket: Bucket, scene: Path, tmp_path: Path) -> None:
    scene.write_bytes(b"")
    assert answered(_sent(scene, bucket.url("a.bin"), tmp_path))[0]["size"] == 0
    assert bucket.objects == {"a.bin": b""}
    assert bucket.unfinished == []


def test_it_carries_from_one_bucket_to_another(s3_server: S3Server, bucket: Bucket, tmp_path: Path) -> None:
    other = s3_server.new_bucket()
    bucket.put("a.bin", _SMALL)
    order = {"source": bucket.url("a.bin"), "target": other.url("b/a.bin"), "checksum": _sha256(_SMALL)}
    transfer(order, storage=tmp_path)
    assert other.objects == {"b/a.bin": _SMALL}


def test_it_goes_on_where_a_cancelled_attempt_ended(bucket: Bucket, got: Path, tmp_path: Path) -> None:
    bucket.put("a.bin", _LARGE)
    order = {"source": bucket.url("a.bin"), "target": str(got)}
    asked = broken_off(after=3)
    with pytest.raises(Cancelled):
        transfer(order, storage=tmp_path, cancelled=lambda: next(asked))
    result = transfer(order, storage=tmp_path)
    assert f"{4 * 4 * 1024 * 1024} of them by an earlier attempt" in result.messages[0]
    assert got.read_bytes() == _LARGE
    assert _names(got.parent) == ["a.bin"]


def test_it_mixes_no_two_versions_of_an_object(bucket: Bucket, got: Path, tmp_path: Path) -> None:
    bucket.put("a.bin", _LARGE)
    order = {"source": bucket.url("a.bin"), "target": str(got)}

    def replaced() -> bool:
        bucket.put("a.bin", _LARGE[::-1])
        return False

    with pytest.raises(RetryLater):
        transfer(order, storage=tmp_path, cancelled=replaced)
    result = transfer(order, storage=tmp_path)
    assert "earlier" not in result.messages[0]
    assert got.read_bytes() == _LARGE[::-1]


def test_it_goes_on_where_the_connection_broke(
    s3_server: S3Server, bucket: Bucket, got: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("a.bin", _LARGE)
    order = {"source": bucket.url("a.bin"), "target": str(got)}
    with door_before(s3_server.address) as door:
        monkeypatch.setenv("AWS_ENDPOINT_URL", door.address)
        door.may_come = 20_000_000
        with pytest.raises(RetryLater):
            transfer(order, storage=tmp_path)
        (partial,) = _names(got.parent)
        assert partial.startswith(".incoming-")
        door.open_again()
        result = transfer(order, storage=tmp_path)
    assert "by an earlier attempt" in result.messages[0]
    assert got.read_bytes() == _LARGE
    assert _names(got.parent) == ["a.bin"]


def test_it_leaves_no_half_of_an_object_when_the_connection_broke(
    s3_server: S3Server, bucket: Bucket, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.write_bytes(_LARGE)
    with door_before(s3_server.address) as door:
        monkeypatch.setenv("AWS_ENDPOINT_URL", door.address)
        door.may_go = 20_000_000
        with pytest.raises(RetryLater):
            _sent(scene, bucket.url("a.bin"), tmp_path)
        assert bucket.objects == {}
        door.open_again()
        _sent(scene, bucket.url("a.bin"), tmp_path)
    assert bucket.objects == {"a.bin": _LARGE}


@pytest.mark.parametrize("content", [_SMALL, _LARGE])
def test_it_leaves_nothing_of_a_file_that_was_not_announced(
    bucket: Bucket, scene: Path, tmp_path: Path, content: bytes
) -> None:
    scene.write_bytes(content)
    with pytest.raises(WrongFile, match="was announced"):
        _sent(scene, bucket.url("a.bin"), tmp_path, checksum="0" * 64)
    assert (bucket.objects, bucket.unfinished) == ({}, [])


def test_it_leaves_nothing_of_a_file_that_nobody_awaits(bucket: Bucket, scene: Path, tmp_path: Path) -> None:
    scene.write_bytes(_LARGE)
    asked = broken_off(after=6)
    with pytest.raises(Cancelled):
        _sent(scene, bucket.url("a.bin"), tmp_path, cancelled=lambda: next(asked))
    assert (bucket.objects, bucket.unfinished) == ({}, [])


def test_it_replaces_another_object_only_when_asked_to(bucket: Bucket, scene: Path, tmp_path: Path) -> None:
    bucket.put("a.bin", b"other")
    with pytest.raises(TargetTaken, match=r"Another file lies at s3://bucket-.*/a\.bin"):
        _sent(scene, bucket.url("a.bin"), tmp_path)
    assert bucket.objects == {"a.bin": b"other"}
    _sent(scene, bucket.url("a.bin"), tmp_path, overwrite=True)
    assert bucket.objects == {"a.bin": _SMALL}
    assert _sent(scene, bucket.url("a.bin"), tmp_path).messages[0].endswith("was there already")


@pytest.mark.parametrize("content", [_SMALL, _LARGE])
def test_it_replaces_no_object_that_appears_meanwhile(
    bucket: Bucket, scene: Path, tmp_path: Path, content: bytes
) -> None:
    scene.write_bytes(content)

    def appeared() -> bool:
        bucket.put("a.bin", b"other")
        return False

    with pytest.raises(RetryLater):
        _sent(scene, bucket.url("a.bin"), tmp_path, cancelled=appeared)
    with pytest.raises(TargetTaken):
        _sent(scene, bucket.url("a.bin"), tmp_path)
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": b"other"}, [])


def test_it_takes_no_folder_for_a_file(bucket: Bucket, scene: Path, got: Path, tmp_path: Path) -> None:
    bucket.put("dir/a.bin", _SMALL)
    with pytest.raises(
        InvalidContent, match=r"files\[0\]\.target: 's3://.*/dir' cannot be had: it is a folder"
    ):
        _sent(scene, bucket.url("dir"), tmp_path)
    with pytest.raises(InvalidContent, match=r"files\[0\]\.target: 's3://.*/new/' names a folder"):
        _sent(scene, bucket.url("new/"), tmp_path)
    with pytest.raises(InvalidContent, match="it is a folder"):
        transfer({"source": bucket.url("dir"), "target": str(got)}, storage=tmp_path)
    assert bucket.objects == {"dir/a.bin": _SMALL}


def test_it_gives_up_without_the_bucket_or_the_object(
    bucket: Bucket, scene: Path, got: Path, tmp_path: Path
) -> None:
    for url in (bucket.url("none"), "s3://no-such-bucket/a", "s3://No_Bucket!/a"):
        with pytest.raises(InvalidContent, match=r"files\[0\]\.source: 's3://.*' cannot be had"):
            transfer({"source": url, "target": str(got)}, storage=tmp_path)
    for url in ("s3://no-such-bucket/a", "s3://No_Bucket!/a"):
        with pytest.raises(InvalidContent, match=r"files\[0\]\.target: 's3://.*' cannot be had"):
            _sent(scene, url, tmp_path)
    scene.write_bytes(_LARGE)
    with pytest.raises(InvalidContent, match="cannot be had: The specified bucket does not exist"):
        _sent(scene, "s3://no-such-bucket/a", tmp_path)


def test_it_signs_with_a_file_of_credentials(
    s3_server: S3Server, bucket: Bucket, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    credentials = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    with s3_server.checking_credentials() as (key, secret):
        credentials.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
        _sent(scene, bucket.url("a.bin"), tmp_path)
    assert bucket.objects == {"a.bin": _SMALL}


def test_it_tells_nobody_of_credentials_that_are_wrong(
    s3_server: S3Server,
    bucket: Bucket,
    scene: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO), s3_server.checking_credentials() as (key, _):
        for used in ("UNKNOWN", key):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", used)
            with pytest.raises(InvalidContent, match=r"files\[0\]\.target: .* cannot be had: ") as caught:
                _sent(scene, bucket.url("a.bin"), tmp_path)
            assert SECRET not in caught.value.message
    assert SECRET not in caplog.text
    assert bucket.objects == {}


def test_it_says_that_the_fleet_has_no_credentials(
    bucket: Bucket, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigurationError, match=r"this fleet cannot reach 's3://.*': Partial credentials"):
        _sent(scene, bucket.url("a.bin"), tmp_path)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ConfigurationError, match="Unable to locate credentials"):
        _sent(scene, bucket.url("a.bin"), tmp_path)


def test_it_waits_for_a_server_that_is_away(
    bucket: Bucket, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(RetryLater, match=r"s3://bucket-.*: Could not connect"):
        _sent(scene, bucket.url("a.bin"), tmp_path)


def test_it_reaches_only_the_places_that_are_open(
    s3_server: S3Server,
    bucket: Bucket,
    scene: Path,
    got: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = s3_server.new_bucket()
    bucket.put("in/a.bin", _SMALL)
    monkeypatch.setenv("TRANSFER_SOURCE_URLS", bucket.url("in"))
    monkeypatch.setenv("TRANSFER_TARGET_URLS", f"{bucket.url('out')}, {other.url('')}")
    for url in (bucket.url("out/a"), other.url("a")):
        _sent(scene, url, tmp_path)
    for url in (bucket.url("in/a.bin"), bucket.url("outer"), "s3://elsewhere/out/a"):
        with pytest.raises(InvalidContent, match=r"files\[0\]\.target: .*TRANSFER_TARGET_URLS"):
            _sent(scene, url, tmp_path)
    transfer({"source": bucket.url("in/a.bin"), "target": str(got)}, storage=tmp_path)
    with pytest.raises(InvalidContent, match=r"files\[0\]\.source: .*TRANSFER_SOURCE_URLS"):
        transfer({"source": bucket.url("out/a"), "target": str(got)}, storage=tmp_path)
