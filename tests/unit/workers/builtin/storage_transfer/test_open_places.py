"""Which places of other servers are open."""

import pytest

from workers.builtin.transfer.places import OpenPlaces
from workers.sdk import InvalidContent
from workers.sdk.errors import ConfigurationError


def _places(text: str) -> OpenPlaces:
    return OpenPlaces.from_env({"PLACES": text}, "PLACES")


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/in/a.tif",
        "s3a://bucket/in/a b.tif",
        "S3://bucket/in/a.tif",
        "https://host:8443/data/a.tif?token=1",
        "https://host:8443/data/a.tif?key=a%2Fb/../c",
        "https://host:8443/data/a;b..%20c.tif",
        "https://me:secret@host:8443/data/a.tif",
        "sftp://other/anything",
        "ssh://other/anything",
    ],
)
def test_it_opens_what_lies_below_a_place(url: str) -> None:
    _places("s3://bucket/in/, https://host:8443/data,sftp://other").check(url, field="url")


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/a.tif",
        "s3://bucket/inside/a.tif",
        "s3://bucket//in/a.tif",
        "s3://bucket/in/../a.tif",
        "s3://bucket/in/%2e%2E/a.tif",
        "s3://other/in/a.tif",
        "https://host:8443/data/../secret",
        "https://host:8443/data/..%2f..%2Fsecret",
        "https://host:8443/data/a%5cb",
        "https://host:8443/data/..;/secret",
        "https://host:8443/data/..%3bx/secret",
        "s3://bucket/in/a?/../../secret",
        "https://host/data/a.tif",
        "http://host:8443/data/a.tif",
        # Some take the part before the mark for the server.
        "https://evil#@host:8443/data/a.tif",
        "https://evil?@host:8443/data/a.tif",
        "https://evil\\@host:8443/data/a.tif",
        # Some leave out the line feed.
        "https://host:8443/data/.\n./a.tif",
        "https:/host:8443/data/a.tif",
    ],
)
def test_it_refuses_what_lies_elsewhere_or_cannot_be_told(url: str) -> None:
    with pytest.raises(InvalidContent, match=r"^url: .* s3://bucket/in, https://host:8443/data \(PLACES\)"):
        _places("s3://bucket/in,https://host:8443/data").check(url, field="url")


def test_it_opens_everything_when_nothing_is_named() -> None:
    _places("").check("s3://any/where", field="url")


@pytest.mark.parametrize("text", ["bucket/in", "s3://", "s3://a/..", "ftp://me:secret@host/a"])
def test_it_refuses_places_that_make_no_sense(text: str) -> None:
    with pytest.raises(ConfigurationError, match="PLACES must hold URLs") as caught:
        _places(text)
    assert "secret" not in str(caught.value)
