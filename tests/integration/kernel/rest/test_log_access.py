"""One line in the log for each call of somebody."""

import logging

import pytest
from rest_framework.test import APIClient

from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("probes")]

_ACT = "/api/v1/rs-worker-manager/act"


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="regards_processing.kernel.rest.middleware")


def _accesses(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [vars(line) for line in caplog.records if getattr(line, "action", None) == "rest.answered"]


def test_it_says_who_called_what_and_how_it_went(caplog: pytest.LogCaptureFixture) -> None:
    a_tenant()
    client_as(tenant="demo", login="ada").get(f"{_ACT}/domain")
    (line,) = _accesses(caplog)
    wanted = ("method", "path", "status", "username", "tenant", "address")
    assert [line[name] for name in wanted] == ["GET", f"{_ACT}/domain", 409, "ada", "demo", "127.0.0.1"]
    assert isinstance(line["duration_ms"], float)


def test_it_writes_no_token(caplog: pytest.LogCaptureFixture) -> None:
    a_tenant()
    client_as(tenant="demo").get(f"{_ACT}/nothing?a=1&token=secret&a=2&b=%26&%74oken=x")
    assert [line["path"] for line in _accesses(caplog)] == [f"{_ACT}/nothing?a=1&a=2&b=%26"]


def test_it_writes_one_line_for_a_call_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    a_tenant()
    client_as(tenant="demo").get(f"{_ACT}/unforeseen")
    assert [line["status"] for line in _accesses(caplog)] == [500]


@pytest.mark.parametrize("path", [f"{_ACT}/nothing", "/api/v1/missing", "/missing"])
def test_it_writes_none_for_nobody(caplog: pytest.LogCaptureFixture, path: str) -> None:
    assert APIClient().get(path).status_code >= 400
    assert not _accesses(caplog)
