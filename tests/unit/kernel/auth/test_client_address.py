"""The address of a client is what a proxy of ours wrote, never what the client says."""

import pytest

from regards_processing.kernel.auth.addresses import client_address


def _address(forwarded: str | None, *, proxies: int) -> str:
    forwarding = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address({"REMOTE_ADDR": "10.0.0.1", **forwarding}, trusted_proxies=proxies)


@pytest.mark.parametrize("forwarded", [None, "", "1.2.3.4"])
def test_it_believes_nobody_but_the_peer_without_proxies(forwarded: str | None) -> None:
    assert _address(forwarded, proxies=0) == "10.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "found"),
    [
        ("1.2.3.4", 1, "1.2.3.4"),
        ("9.9.9.9, 1.2.3.4", 1, "1.2.3.4"),
        ("9.9.9.9,1.2.3.4, 10.0.0.2", 2, "1.2.3.4"),
        ("9.9.9.9, 1.2.3.4:5678", 1, "1.2.3.4"),
        ("2001:DB8::1", 1, "2001:db8::1"),
        ("[2001:db8::1]:443", 1, "2001:db8::1"),
    ],
)
def test_it_reads_what_the_outermost_proxy_of_ours_wrote(forwarded: str, proxies: int, found: str) -> None:
    assert _address(forwarded, proxies=proxies) == found


@pytest.mark.parametrize(
    ("forwarded", "proxies"),
    [(None, 1), ("", 1), ("1.2.3.4", 2), ("x", 1), ("1.2.3.4, unknown", 1), (",", 1)],
)
def test_it_falls_back_to_the_peer(forwarded: str | None, proxies: int) -> None:
    assert _address(forwarded, proxies=proxies) == "10.0.0.1"


def test_it_is_nothing_where_there_is_no_peer() -> None:
    assert client_address({}, trusted_proxies=0) == ""
