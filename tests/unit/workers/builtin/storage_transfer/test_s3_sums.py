"""What proves that an object or a part of S3 is what was sent."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from workers.builtin.transfer.s3_object import Sums

_SUMS = Sums.of(b"content")
_MD5 = hashlib.md5(b"content", usedforsecurity=False).hexdigest()
_SHA256 = base64.b64encode(hashlib.sha256(b"content").digest()).decode()
_OTHER_MD5, _OTHER_SHA256 = "0" * 32, "A" * 43 + "="


def test_it_has_the_digests_that_s3_has() -> None:
    assert (_SUMS.size, _SUMS.etag, _SUMS.sha256) == (7, _MD5, _SHA256)


def test_it_has_the_digests_that_s3_has_of_an_object_of_parts() -> None:
    parts = [Sums.of(b"a"), Sums.of(b"b")]
    md5 = hashlib.md5(
        b"".join(hashlib.md5(each, usedforsecurity=False).digest() for each in (b"a", b"b")),
        usedforsecurity=False,
    )
    sha256 = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in (b"a", b"b")))
    sums = Sums.of_parts(parts)
    assert sums.etag == f"{md5.hexdigest()}-2"
    assert sums.sha256 == f"{base64.b64encode(sha256.digest()).decode()}-2"
    assert sums.size == 2


@pytest.mark.parametrize(
    ("told", "proven"),
    [
        pytest.param({"ETag": f'"{_MD5}"'}, True, id="the-md5"),
        pytest.param({"ETag": f'"{_OTHER_MD5}"'}, False, id="another-md5"),
        pytest.param({"ETag": f'"{_OTHER_MD5}"', "ChecksumSHA256": _SHA256}, False, id="just-repeated"),
        pytest.param(
            {"ETag": f'"{_OTHER_MD5}"', "ServerSideEncryption": "aws:kms", "ChecksumSHA256": _SHA256},
            True,
            id="encrypted",
        ),
        pytest.param(
            {"ETag": f'"{_OTHER_MD5}"', "SSECustomerAlgorithm": "AES256", "ChecksumSHA256": _SHA256},
            True,
            id="encrypted-by-its-owner",
        ),
        pytest.param(
            {"ETag": f'"{_OTHER_MD5}"', "ServerSideEncryption": "aws:kms", "ChecksumSHA256": _OTHER_SHA256},
            False,
            id="encrypted-and-another",
        ),
        pytest.param({"ETag": '"opaque"', "ChecksumSHA256": _SHA256}, True, id="no-md5"),
        pytest.param({"ETag": '"opaque"'}, False, id="no-digest-at-all"),
    ],
)
def test_it_is_proven_by_what_the_store_has_computed(told: Mapping[str, Any], *, proven: bool) -> None:
    assert _SUMS.are_proven_by(told) is proven


@pytest.mark.parametrize(
    ("told", "same"),
    [
        pytest.param({"ETag": f'"{_MD5}"', "Size": 7}, True, id="the-md5"),
        pytest.param({"ETag": '"opaque"', "Size": 7, "ChecksumSHA256": _SHA256}, True, id="the-sha256"),
        pytest.param({"ETag": '"opaque"', "Size": 7}, False, id="neither"),
        pytest.param({"ETag": f'"{_MD5}"', "Size": 8}, False, id="another-size"),
    ],
)
def test_it_recognises_a_part_by_its_digest_and_size(told: Mapping[str, Any], *, same: bool) -> None:
    assert _SUMS.are_of_part(told) is same
