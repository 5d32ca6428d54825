"""An object of S3 that is being written: its parts, what the store tells of them, and what that proves."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from workers.builtin.file_digest import new_digest
from workers.builtin.transfer.remote import RemoteFile

#: How an ETag looks that is an MD5, of an object or of the MD5s of its parts.
_MD5: Final = re.compile(r"[0-9a-f]{32}(-\d+)?")
_ALGORITHM: Final = "SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What an object or a part should have, computed here."""

    size: int
    #: Without quotation marks, where it is an MD5.
    etag: str
    #: In the spelling of S3.
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Return what a part has, or an object that was sent whole."""
        md5, sha256 = _digest("md5", content), _digest("sha256", content)
        return cls(size=len(content), etag=md5.hex(), sha256=_spelt(sha256))

    @classmethod
    def of_parts(cls, parts: Sequence["Sums"]) -> Self:
        """Return what an object has that was made of these parts: digests of the digests."""
        md5 = _digest("md5", b"".join(bytes.fromhex(each.etag) for each in parts))
        sha256 = _digest("sha256", b"".join(base64.b64decode(each.sha256) for each in parts))
        return cls(
            size=sum(each.size for each in parts),
            etag=f"{md5.hex()}-{len(parts)}",
            sha256=f"{_spelt(sha256)}-{len(parts)}",
        )

    def are_of_part(self, told: Mapping[str, Any]) -> bool:
        """Tell whether a part that the store lists has the same content."""
        same = etag_of(told) == self.etag or told.get("ChecksumSHA256") == self.sha256
        return same and told.get("Size") == self.size

    def are_proven_by(self, told: Mapping[str, Any]) -> bool:
        """Tell whether the store has computed the same digest of an object.

        A store that is told the SHA-256 is not told the MD5 that an ETag is, so it cannot just repeat that.
        Where an ETag is something else, as of what is encrypted by a key of its own, the digest counts that
        the store has compared when the object came.
        """
        if etag_of(told) == self.etag:
            return True
        encrypted = str(told.get("ServerSideEncryption", "")).startswith("aws:kms")
        if _MD5.fullmatch(etag_of(told)) and not encrypted and "SSECustomerAlgorithm" not in told:
            return False
        return bool(told.get("ChecksumSHA256") == self.sha256)


@dataclass(slots=True, kw_only=True)
class Upload:
    """An upload in parts that was begun."""

    id: str
    #: What the store has told of each part, in their order.
    parts: list[Mapping[str, Any]] = field(default_factory=list)


class S3Object:
    """The calls of S3 that one object needs."""

    def __init__(self, file: RemoteFile) -> None:
        self._files = file.filesystem
        bucket, key, _ = self._files.split_path(file.path)
        self._address = {"Bucket": bucket, "Key": key}
        config = self._files.s3.meta.config
        #: Whether the store is told digests that not every service knows.
        self._summed = config.request_checksum_calculation == "when_supported"

    def head(self) -> Mapping[str, Any]:
        """Ask what lies there."""
        return self._call("head_object", **({"ChecksumMode": "ENABLED"} if self._summed else {}))

    def put(self, content: bytes, sums: Sums, *, exclusive: bool) -> str:
        """Store an object whole; return its ETag."""
        options = self._announced(sums) | _condition(exclusive=exclusive)
        return etag_of(self._call("put_object", Body=content, **options))

    def delete(self, told: Mapping[str, Any]) -> None:
        """Remove the object, if it still is what the store has told."""
        self._call("delete_object", IfMatch=told["ETag"])

    def create(self) -> Upload:
        """Begin an upload."""
        options = {"ChecksumAlgorithm": _ALGORITHM} if self._summed else {}
        return Upload(id=self._call("create_multipart_upload", **options)["UploadId"])

    def put_part(self, upload: Upload, content: bytes, sums: Sums) -> None:
        """Add a part to those of an upload."""
        number = len(upload.parts) + 1
        told = self._call(
            "upload_part", UploadId=upload.id, PartNumber=number, Body=content, **self._announced(sums)
        )
        upload.parts.append({"PartNumber": number, "ETag": told["ETag"]})

    def complete(self, upload: Upload, sums: Iterable[Sums], *, exclusive: bool) -> str:
        """Make an object of just these parts, which the store compares; return its ETag."""
        parts = [
            {"PartNumber": told["PartNumber"], "ETag": told["ETag"]}
            | ({"ChecksumSHA256": each.sha256} if self._summed else {})
            for told, each in zip(upload.parts, sums, strict=True)
        ]
        told = self._call(
            "complete_multipart_upload",
            UploadId=upload.id,
            MultipartUpload={"Parts": parts},
            **_condition(exclusive=exclusive),
        )
        return etag_of(told)

    def abort(self, upload: str) -> None:
        """Give the upload of this name up: its parts are removed."""
        self._call("abort_multipart_upload", UploadId=upload)

    def unfinished(self) -> Iterator[Upload]:
        """Yield the uploads of this object that were begun, as far as we could go on with them.

        Those have parts without gaps, and no digests of another algorithm: the store would not take ours.
        """
        fitting = {None, _ALGORITHM} if self._summed else {None}
        for told in self._listed_uploads():
            parts = list(self._listed_parts(told["UploadId"]))
            numbers = [part["PartNumber"] for part in parts]
            if (
                parts
                and numbers == list(range(1, len(parts) + 1))
                and told.get("ChecksumAlgorithm") in fitting
            ):
                yield Upload(id=told["UploadId"], parts=parts)

    def _listed_uploads(self) -> Iterator[Mapping[str, Any]]:
        key = self._address["Key"]
        begins: dict[str, str] = {}
        while True:
            told = self._files.call_s3(
                "list_multipart_uploads", Bucket=self._address["Bucket"], Prefix=key, **begins
            )
            yield from (each for each in told.get("Uploads", []) if each["Key"] == key)
            if not told.get("IsTruncated") or told["NextKeyMarker"] != key:
                # Keys come in their order, the shortest that begins so first.
                return
            begins = {"KeyMarker": key, "UploadIdMarker": told["NextUploadIdMarker"]}

    def _listed_parts(self, upload: str) -> Iterator[Mapping[str, Any]]:
        marker = 0
        while True:
            told = self._call("list_parts", UploadId=upload, PartNumberMarker=marker)
            yield from told.get("Parts", [])
            if not told.get("IsTruncated"):
                return
            marker = told["NextPartNumberMarker"]

    def _announced(self, sums: Sums) -> dict[str, str]:
        """Return the digest by which the store recognises what was damaged on its way."""
        if self._summed:
            return {"ChecksumSHA256": sums.sha256}
        return {"ContentMD5": _spelt(bytes.fromhex(sums.etag))}

    def _call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._files.call_s3(method, **self._address, **arguments)
        return told


def etag_of(told: Mapping[str, Any]) -> str:
    """Return the ETag of an object or a part without quotation marks."""
    return str(told.get("ETag", "")).strip('"')


def _condition(*, exclusive: bool) -> dict[str, str]:
    """Have the store itself refuse to replace what somebody else has written since we looked."""
    return {"IfNoneMatch": "*"} if exclusive else {}


def _digest(algorithm: str, content: bytes) -> bytes:
    digest = new_digest(algorithm)
    digest.update(content)
    return bytes(digest.digest())


def _spelt(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
