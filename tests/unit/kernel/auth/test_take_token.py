"""A token in an address becomes a bearer token, and the address forgets it."""

import pytest

from regards_processing.kernel.auth.token_parameter import take_token


@pytest.mark.parametrize(
    ("query", "kept", "bearer"),
    [
        ("token=a.b.c", "", "a.b.c"),
        ("page=1&token=a.b.c&size=2", "page=1&size=2", "a.b.c"),
        ("page=1&tok%65n=a%2Eb", "page=1", "a.b"),
        ("token=first&token=second", "", "first"),
        ("page=1&&empty&x=%26%3D&token=a", "page=1&&empty&x=%26%3D", "a"),
    ],
)
def test_it_moves_the_parameter_to_the_header(query: str, kept: str, bearer: str) -> None:
    meta = {"QUERY_STRING": query}
    take_token(meta)
    assert meta == {"QUERY_STRING": kept, "HTTP_AUTHORIZATION": f"Bearer {bearer}"}


def test_it_prefers_the_header_and_forgets_the_parameter_all_the_same() -> None:
    meta = {"QUERY_STRING": "token=a&page=1", "HTTP_AUTHORIZATION": "Bearer real"}
    take_token(meta)
    assert meta == {"QUERY_STRING": "page=1", "HTTP_AUTHORIZATION": "Bearer real"}


@pytest.mark.parametrize("query", ["token=", "token"])
def test_it_makes_nothing_of_an_empty_parameter(query: str) -> None:
    meta = {"QUERY_STRING": query}
    take_token(meta)
    assert meta == {"QUERY_STRING": ""}


@pytest.mark.parametrize("query", ["", "page=1", "tokens=a", "TOKEN=a", "x=token"])
def test_it_leaves_other_addresses_alone(query: str) -> None:
    meta = {"QUERY_STRING": query, "RAW_URI": f"/x?{query}"}
    take_token(meta)
    assert meta == {"QUERY_STRING": query, "RAW_URI": f"/x?{query}"}


def test_it_cuts_the_addresses_that_access_logs_are_written_from() -> None:
    meta = {
        "QUERY_STRING": "token=secret&a=1",
        "RAW_URI": "/x?token=secret&a=1",
        "REQUEST_URI": "http://h/x?token=secret&a=1",
    }
    take_token(meta)
    assert (meta["RAW_URI"], meta["REQUEST_URI"]) == ("/x?a=1", "http://h/x?a=1")
    assert [value for value in meta.values() if "secret" in value] == ["Bearer secret"]
