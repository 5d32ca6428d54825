"""Not even the web server's own access log learns a token that stood in an address."""

import urllib.error
import urllib.request

import pytest

from tests.stack.platform import Platform, free_port


@pytest.fixture
def web(platform: Platform) -> str:
    address = f"127.0.0.1:{free_port()}"
    command = ["-m", "gunicorn", "regards_processing.wsgi", "-b", address, "--no-control-socket"]
    platform.start("web", [*command, "--access-logfile", "-"], ready=r"Booting worker")
    return f"http://{address}"


def test_it_writes_no_token_down(platform: Platform, web: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(  # noqa: S310 (our own server)
            f"{web}/api/v1/rs-worker-manager/workers?page=7&token=secret.in.address", timeout=30
        )
    refused.value.close()
    platform.processes[0].terminate()
    log = platform.processes[0].log.read_text()
    assert "GET /api/v1/rs-worker-manager/workers?page=7 HTTP/1.1" in log
    assert "secret" not in log
