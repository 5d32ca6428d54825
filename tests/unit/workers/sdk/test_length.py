"""How long work takes is declared for all requests of a worker type, or told of each."""

import logging
import math
from dataclasses import replace
from typing import Any

import pytest

from workers.contract.content_folder import ContentLost
from workers.contract.work_request import WorkRequest
from workers.sdk.length import Length, is_long


def _request(seconds: str) -> WorkRequest:
    return WorkRequest(tenant="t", request_id="r-1", content=b"", headers={"seconds": seconds})


def _told(request: WorkRequest) -> float | None:
    """Return what the header says; the word ``none`` says that nobody knows."""
    text = request.headers["seconds"]
    return None if text == "none" else float(text)


def _found(declared: Any, seconds: str) -> float | None:
    return Length(declared).of(_request(seconds), loaded=lambda request: request)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [("60", (60.0, False)), ("599.9", (599.9, False)), ("600", (600.0, True)), ("inf", (math.inf, True))],
)
def test_each_request_is_as_long_as_the_function_says(seconds: str, expected: tuple[float, bool]) -> None:
    found = _found(_told, seconds)
    assert (found, is_long(found)) == expected


@pytest.mark.parametrize("declared", [None, 60.0, 7200.0])
def test_all_requests_are_as_long_as_is_declared(declared: float | None) -> None:
    assert _found(declared, "5") == declared


@pytest.mark.parametrize(
    ("seconds", "problem"),
    [
        ("0", "0.0 is told, more than 0 seconds are expected"),
        ("-1", "-1.0 is told"),
        ("nan", "nan is told"),
        ("soon", "ValueError: could not convert string to float: 'soon'"),
    ],
)
def test_nothing_is_known_of_a_request_whose_length_makes_no_sense(
    seconds: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert _found(_told, seconds) is None
    assert problem in caplog.text
    assert not is_long(None)


def test_nothing_is_known_where_the_function_knows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert _found(_told, "none") is None
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("declared", "may_be_long", "held"),
    [(None, False, None), (60.0, False, 60.0), (600.0, True, 0.0), (_told, True, 600.0)],
    ids=["unknown", "short", "long", "by request"],
)
def test_it_tells_for_how_long_messages_are_held(declared: Any, may_be_long: Any, held: Any) -> None:
    length = Length(declared)
    assert (length.may_be_long, length.held) == (may_be_long, held)


def test_the_function_sees_a_content_that_is_stored() -> None:
    found = Length(lambda request: float(request.content)).of(
        _request("5"), loaded=lambda request: replace(request, content=b"60")
    )
    assert found == 60.0


def test_nothing_is_known_of_a_request_whose_content_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    def loaded(_request: WorkRequest) -> WorkRequest:
        raise ContentLost("is gone")

    with caplog.at_level(logging.WARNING):
        assert Length(_told).of(_request("60"), loaded=loaded) is None
    assert "ContentLost: is gone" in caplog.text
