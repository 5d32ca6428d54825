"""`manage.py explain` says why a request waits."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.factories.requests import requests
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db


def _run(*arguments: str) -> str:
    call_command("explain", *arguments, stdout=(out := io.StringIO()))
    return out.getvalue()


def test_it_tells_people() -> None:
    requests(a_tenant(), "r-17", status="NO_WORKER_AVAILABLE")
    assert _run("r-17", "--tenant", "demo") == (
        "r-17: NO_WORKER_AVAILABLE\n  NO_CONFIGURATION: Nothing is configured for content type unzip\n"
    )


def test_it_quotes_a_name_that_is_empty() -> None:
    requests(a_tenant(), "r-17", status="NO_WORKER_AVAILABLE", content_type="")
    assert _run("r-17", "--tenant", "demo").endswith("Nothing is configured for content type ''\n")


def test_it_tells_machines() -> None:
    requests(a_tenant(name="default"), "r-17")
    told = json.loads(_run("r-17", "--json"))
    (reason,) = told.pop("reasons")
    assert told == {"requestId": "r-17", "status": "ERROR"}
    assert (reason["code"], reason["facts"]) == (
        "UP_TO_OPERATOR",
        {"status": "ERROR", "error": "disk full", "attempt": 0},
    )


def test_it_tells_of_a_tenant_that_is_not_active() -> None:
    requests(a_tenant(active=False), "r-17")
    assert "TENANT_INACTIVE: Tenant demo is not active" in _run("r-17", "--tenant", "demo")


def test_it_says_that_there_is_no_such_tenant() -> None:
    with pytest.raises(CommandError, match=r"There is no tenant nobody; `manage\.py tenants` lists"):
        _run("r-17", "--tenant", "nobody")


def test_it_says_that_there_is_no_such_request() -> None:
    a_tenant()
    with pytest.raises(CommandError, match="Tenant demo has no request 'r-17' on its way"):
        _run("r-17", "--tenant", "demo")
