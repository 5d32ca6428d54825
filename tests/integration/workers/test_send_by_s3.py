"""Files that are sent by S3: how what has arrived is verified, and what the next attempt goes on with."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.s3_server import Bucket, Door, S3Server, door_before
from tests.unit.workers.builtin.storage_transfer.transfers import answered, broken_off, killed, transfer
from workers.builtin.transfer import remote
from workers.builtin.transfer.terms import TargetTaken, WrongFile
from workers.sdk import Cancelled, RetryLater
from workers.sdk.result import WorkResult

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded

_PART = 16 * 1024 * 1024
_SMALL = os.urandom(300_000)
#: A part and the beginning of a second; of a third.
_LARGE = os.urandom(_PART + 1_000_000)
_LARGER = os.urandom(_PART) + _LARGE
_OTHER = os.urandom(_PART)
#: Bytes around what is sent: headers and other calls.
_TALK = 100_000


@dataclass(frozen=True)
class Sender:
    """Sends a file of the tenant to `a.bin` in a bucket."""

    source: Path
    storage: Path
    target: str

    @property
    def order(self) -> dict[str, str]:
        return {"source": self.source.as_uri(), "target": self.target}

    def __call__(self, content: bytes, **options: Any) -> WorkResult:
        if not self.source.exists() or self.source.read_bytes() != content:
            self.source.write_bytes(content)
        return transfer(self.order, storage=self.storage, **options)


@pytest.fixture(autouse=True)
def protocols(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow the protocol."""
    monkeypatch.setenv("TRANSFER_PROTOCOLS", "s3")


@pytest.fixture
def door(s3_server: S3Server, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """Stand between the fleet and its server."""
    assert bucket.objects == {}
    with door_before(s3_server.address) as standing:
        monkeypatch.setenv("AWS_ENDPOINT_URL", standing.address)
        yield standing


@pytest.fixture
def sent(tmp_path: Path, bucket: Bucket) -> Sender:
    """Make a file of the tenant."""
    source = tmp_path / "default" / "here" / "a.bin"
    source.parent.mkdir(parents=True)
    return Sender(source=source, storage=tmp_path, target=bucket.url("a.bin"))


def _broken_at(door: Door, sent: Sender, content: bytes, *, after: int) -> None:
    """Have an attempt end when so many bytes have gone, and open the door again."""
    door.may_go = after
    with pytest.raises(RetryLater):
        sent(content)
    door.open_again()
    door.gone = 0


def _nothing() -> None:
    """Let the time pass."""


def test_it_sends_no_part_again_after_the_connection_broke(bucket: Bucket, door: Door, sent: Sender) -> None:
    _broken_at(door, sent, _LARGE, after=_PART + 500_000)
    assert bucket.objects == {}
    result = sent(_LARGE)
    assert door.gone < len(_LARGE) - _PART + _TALK
    assert f"{_PART} of them by an earlier attempt" in result.messages[0]
    assert answered(result)[0]["sha256"] == hashlib.sha256(_LARGE).hexdigest()
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": _LARGE}, [])


@pytest.mark.timeout(60)
def test_it_waits_for_no_server_that_takes_nothing_more(
    bucket: Bucket, door: Door, sent: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_PATIENCE", 2)
    door.falls_silent = True
    _broken_at(door, sent, _LARGER, after=_PART + 500_000)
    assert bucket.objects == {}
    result = sent(_LARGER)
    assert f"{_PART} of them by an earlier attempt" in result.messages[0]
    assert bucket.objects == {"a.bin": _LARGER}


def test_it_goes_on_where_a_killed_worker_ended(
    bucket: Bucket, door: Door, sent: Sender, tmp_path: Path
) -> None:
    sent.source.write_bytes(_LARGE)
    killed(sent.order, storage=tmp_path, pieces=5)
    assert len(bucket.unfinished) == 1
    door.gone = 0
    result = sent(_LARGE)
    assert door.gone < len(_LARGE) - _PART + _TALK
    assert f"{_PART} of them by an earlier attempt" in result.messages[0]
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": _LARGE}, [])


def test_it_completes_an_upload_that_lacks_nothing(bucket: Bucket, door: Door, sent: Sender) -> None:
    bucket.begin("a.bin", (1, _LARGER[:_PART]), (2, _LARGER[_PART : 2 * _PART]), (3, _LARGER[2 * _PART :]))
    sent(_LARGER)
    assert door.gone < _TALK
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": _LARGER}, [])


def test_it_takes_the_longest_of_several_uploads_and_gives_up_the_others(
    bucket: Bucket, door: Door, sent: Sender
) -> None:
    bucket.begin("a.bin", (1, _LARGER[:_PART]))
    bucket.begin("a.bin", (1, _LARGER[:_PART]), (2, _LARGER[_PART : 2 * _PART]))
    sent(_LARGER)
    assert door.gone < len(_LARGER) - 2 * _PART + _TALK
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": _LARGER}, [])


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([(1, _OTHER)], id="another-content"),
        pytest.param([(1, _LARGE[:_PART]), (2, _OTHER)], id="another-content-after-the-same-beginning"),
        pytest.param([(2, _LARGE[_PART:])], id="a-gap"),
        pytest.param([(1, _LARGE[: _PART // 2])], id="parts-of-another-size"),
        pytest.param([], id="nothing-yet"),
    ],
)
def test_it_does_not_touch_the_upload_of_another_content(
    bucket: Bucket, sent: Sender, parts: list[tuple[int, bytes]]
) -> None:
    theirs = bucket.begin("a.bin", *parts)
    sent(_LARGE)
    assert bucket.objects == {"a.bin": _LARGE}
    assert bucket.unfinished == [theirs]
    listed = bucket.client.list_parts(Bucket=bucket.name, Key="a.bin", UploadId=theirs).get("Parts", [])
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [
        (number, len(content)) for number, content in parts
    ]


def test_it_does_not_touch_uploads_of_other_objects_and_other_digests(bucket: Bucket, sent: Sender) -> None:
    theirs = {
        bucket.begin("a.bin.old", (1, _LARGE[:_PART])),
        bucket.begin("a.bin", (1, _LARGE[:_PART]), algorithm="CRC32"),
    }
    assert "earlier attempt" not in sent(_LARGE).messages[0]
    assert set(bucket.unfinished) == theirs


def test_it_gives_up_what_it_has_sent_of_a_version_that_is_no_more(
    bucket: Bucket, door: Door, sent: Sender
) -> None:
    _broken_at(door, sent, _LARGE, after=_PART + 500_000)
    assert len(bucket.unfinished) == 1
    sent(_LARGE[::-1])
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": _LARGE[::-1]}, [])


def test_it_gives_up_what_it_has_sent_when_another_file_has_taken_the_place(
    bucket: Bucket, door: Door, sent: Sender
) -> None:
    _broken_at(door, sent, _LARGE, after=_PART + 500_000)
    bucket.put("a.bin", b"other")
    with pytest.raises(TargetTaken):
        sent(_LARGE)
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": b"other"}, [])


def test_it_gives_up_what_it_has_found_when_nobody_awaits_the_file(bucket: Bucket, sent: Sender) -> None:
    bucket.begin("a.bin", (1, _LARGE[:_PART]))
    asked = broken_off(after=4)
    with pytest.raises(Cancelled):
        sent(_LARGE, cancelled=lambda: next(asked))
    assert (bucket.objects, bucket.unfinished) == ({}, [])


def test_two_attempts_at_the_same_time_leave_one_whole_object(bucket: Bucket, sent: Sender) -> None:
    second: list[WorkResult] = []

    # The first has put one part with five pieces; then the second begins, goes on with it, and ends.
    turns = iter([_nothing] * 4 + [lambda: second.append(sent(_LARGE))])

    def overtaken() -> bool:
        next(turns, _nothing)()
        return False

    with pytest.raises(RetryLater):
        sent(_LARGE, cancelled=overtaken)
    assert "by an earlier attempt" in second[0].messages[0]
    assert sent(_LARGE).messages[0].endswith("was there already")
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": _LARGE}, [])


def test_it_sends_anew_where_it_may_not_list_uploads(
    s3_server: S3Server,
    bucket: Bucket,
    sent: Sender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs = bucket.begin("a.bin", (1, _LARGE[:_PART]))
    with s3_server.checking_credentials(but=["s3:ListBucketMultipartUploads"]) as (key, secret):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        sent(_LARGE)
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": _LARGE}, [theirs])


@pytest.mark.parametrize("calculation", ["when_supported", "when_required"])
@pytest.mark.parametrize("content", [_SMALL, _LARGE])
def test_it_verifies_by_the_digest_of_the_store_and_reads_nothing_back(
    bucket: Bucket,
    door: Door,
    sent: Sender,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    calculation: str,
) -> None:
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", calculation)
    sent(content)
    assert bucket.objects == {"a.bin": content}
    assert door.come < _TALK


def test_it_removes_an_object_that_was_damaged(bucket: Bucket, door: Door, sent: Sender) -> None:
    door.damages = len(_SMALL) // 2
    with pytest.raises(WrongFile, match=r"s3://bucket-.*/a\.bin has the sha256 .* was sent"):
        sent(_SMALL)
    assert bucket.objects == {}


def test_it_makes_no_object_of_parts_of_which_one_was_damaged(
    bucket: Bucket, door: Door, sent: Sender
) -> None:
    bucket.put("a.bin", b"before")
    door.damages = _PART + 500_000
    with pytest.raises(WrongFile, match=r"s3://bucket-.*/a\.bin: part 2 has the md5 .* was sent"):
        sent(_LARGE, overwrite=True)
    assert (bucket.objects, bucket.unfinished) == ({"a.bin": b"before"}, [])


def test_it_compares_only_sizes_when_nothing_is_to_be_read_back(
    bucket: Bucket, door: Door, sent: Sender
) -> None:
    door.damages = len(_SMALL) // 2
    sent(_SMALL, more={"readBack": False})
    assert len(bucket.objects["a.bin"]) == len(_SMALL)
    assert door.come < _TALK
