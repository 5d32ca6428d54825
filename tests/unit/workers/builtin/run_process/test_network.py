"""How a fleet is told to reach what input files come from."""

from pathlib import Path

import pytest

from workers.builtin.run_process.network import Network
from workers.sdk.errors import ConfigurationError

_PROXY = "http://ada:secret@proxy:3128"


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://far.example/a", _PROXY),
        ("https://near.org/a", ""),
        ("https://NEAR.org:8443/a", ""),
        ("https://other.near.org/a", _PROXY),
        ("https://one.below.org/a", ""),
        ("https://below.org/a", _PROXY),
    ],
)
def test_it_reaches_some_hosts_without_the_proxy(url: str, proxy: str) -> None:
    environment = {"PROCESS_HTTP_PROXY": _PROXY, "PROCESS_NO_PROXY": "near.org, .below.org"}
    assert Network.from_env(environment).proxy_for(url) == proxy


def test_it_takes_s3_through_the_proxy() -> None:
    environment = {"PROCESS_HTTP_PROXY": _PROXY, "PROCESS_S3_ENDPOINT": "http://store:9000/"}
    options = Network.from_env(environment).options("s3://bucket/key", "s3")
    assert (options["endpoint_url"], options["anon"]) == ("http://store:9000", False)
    assert options["config_kwargs"]["proxies"] == {"http": _PROXY, "https": _PROXY}


def test_it_takes_files_of_the_web_through_the_proxy() -> None:
    network = Network.from_env({"PROCESS_HTTP_PROXY": _PROXY, "PROCESS_NO_PROXY": "near.org"})
    assert network.options("https://far.example/a", "https")["proxy"] == _PROXY
    assert "proxy" not in network.options("https://near.org/a", "https")


def test_it_finds_the_key_of_an_embedded_platform(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "process-token").write_text("made for itself\n")
    environment = {"REGARDS_VAR": str(tmp_path)}
    assert Network.from_env(environment).token_key == "made for itself"
    assert Network.from_env(environment | {"PROCESS_TOKEN_KEY": "given"}).token_key == "given"
    assert Network.from_env(environment | {"BROKER_URL": "amqp://broker"}).token_key == ""
    assert Network.from_env({"REGARDS_VAR": str(tmp_path / "none")}).token_key == ""


def test_it_reads_the_key_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("long and random\n")
    environment = {"PROCESS_TOKEN_KEY_FILE": str(file), "PROCESS_TOKEN_KEY": "other"}
    assert Network.from_env(environment).token_key == "long and random"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROCESS_HTTP_PROXY", "proxy:s3cret"),
        ("PROCESS_STORAGE_URL", "ftp://s3cret"),
        ("PROCESS_CATALOG_URL", "http://s3cret:port"),
        ("PROCESS_S3_ANONYMOUS", "perhaps"),
        ("PROCESS_TOKEN_KEY_FILE", "/no/such/file"),
    ],
)
def test_it_refuses_nonsense_without_repeating_passwords(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as refusal:
        Network.from_env({name: value})
    assert "s3cret" not in str(refusal.value)
