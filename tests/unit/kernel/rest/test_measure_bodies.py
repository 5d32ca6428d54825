"""Bodies without a length get one."""

import io
from collections.abc import Iterable
from typing import Any

import pytest

from regards_processing.kernel.rest.bodies import measured


class _Application:
    """Notes the length and the body that it sees."""

    def __init__(self) -> None:
        self.seen: tuple[str | None, bytes] = ("", b"")

    def __call__(self, environ: dict[str, Any], _start_response: Any) -> Iterable[bytes]:
        self.seen = (environ.get("CONTENT_LENGTH"), environ["wsgi.input"].read())
        return [b"answer"]


def _seen(body: bytes, **environ: Any) -> tuple[str | None, bytes]:
    application = _Application()
    call = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True} | environ
    assert list(measured(application, limit=100_000)(call, None)) == [b"answer"]
    return application.seen


@pytest.mark.parametrize("length", [0, 1, 99_999, 100_000])
def test_it_measures_chunked_bodies(length: int) -> None:
    assert _seen(b"x" * length, HTTP_TRANSFER_ENCODING="chunked") == (str(length), b"x" * length)


def test_it_keeps_no_more_than_shows_that_a_body_is_too_long() -> None:
    length, body = _seen(b"x" * 200_000, HTTP_TRANSFER_ENCODING="gzip, Chunked")
    assert (length, len(body)) == ("100001", 100_001)


@pytest.mark.parametrize("headers", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {"CONTENT_LENGTH": "200000"}])
def test_it_reads_off_what_is_too_long(headers: dict[str, str]) -> None:
    body = io.BytesIO(b"x" * 200_000)
    call = {"wsgi.input": body, "wsgi.input_terminated": True} | headers
    assert list(measured(_Application(), limit=100_000)(call, None)) == [b"answer"]
    assert not body.read()


@pytest.mark.parametrize("length", ["100000", "", "x"])
def test_it_leaves_other_bodies_alone(length: str) -> None:
    assert _seen(b"x" * 100_000, CONTENT_LENGTH=length) == (length, b"x" * 100_000)


def test_it_does_not_wait_for_more_where_the_server_does_not_end_the_input() -> None:
    call = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": False}
    assert _seen(b"x", **call) == (None, b"x")
