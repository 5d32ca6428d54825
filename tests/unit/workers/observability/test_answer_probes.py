"""What a process answers, path by path."""

import json
import os
import tomllib
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from workers.observability import memory
from workers.observability.answers import Answer, Health, Probed, answer
from workers.observability.readiness import CheckResult, CheckStatus, Readiness
from workers.observability.version import VERSION

_ROOT = Path(__file__).parents[4]


def _probed(*statuses: CheckStatus, out_of_service: str | None = None, token: str = "") -> Probed:
    checks = [
        CheckResult(name=f"check-{number}", status=status, seconds=0.0123, reason="because")
        for number, status in enumerate(statuses)
    ]
    health = Health(readiness=Readiness.of(checks), out_of_service=out_of_service)
    return Probed(name="demo", health=lambda: health, measures=lambda: b"a 1\n", token=token)


def _ask(probed: Probed, path: str, authorization: str | None = None) -> tuple[HTTPStatus, Any]:
    found = answer(probed, path=path, authorization=authorization)
    assert isinstance(found, Answer)
    return found.status, json.loads(found.body)


def test_it_is_alive_whatever_its_checks_say() -> None:
    assert _ask(_probed(CheckStatus.FAILED), "/livez") == (HTTPStatus.OK, {"alive": True})


def test_it_is_not_alive_when_nothing_but_a_new_start_will_help() -> None:
    halted = replace(_probed(CheckStatus.PASSED), halted=lambda: "It is stuck")
    assert _ask(halted, "/livez") == (
        HTTPStatus.SERVICE_UNAVAILABLE,
        {"alive": False, "reason": "It is stuck"},
    )


def test_it_shows_each_check_with_duration_and_reason() -> None:
    status, body = _ask(_probed(CheckStatus.PASSED, CheckStatus.WARNED), "/readyz")
    assert status == HTTPStatus.OK
    assert body == {
        "ready": True,
        "checks": [
            {"name": "check-0", "status": "passed", "durationMs": 12.3, "reason": "because"},
            {"name": "check-1", "status": "warned", "durationMs": 12.3, "reason": "because"},
        ],
    }


def test_it_is_not_ready_when_a_check_failed() -> None:
    status, body = _ask(_probed(CheckStatus.PASSED, CheckStatus.FAILED), "/readyz")
    assert (status, body["ready"]) == (HTTPStatus.SERVICE_UNAVAILABLE, False)


@pytest.mark.parametrize(
    ("check", "out_of_service", "status", "word"),
    [
        (CheckStatus.PASSED, None, 200, "UP"),
        (CheckStatus.WARNED, None, 200, "UP"),
        (CheckStatus.PASSED, "Tenants in maintenance: 1", 503, "OUT_OF_SERVICE"),
        (CheckStatus.FAILED, None, 503, "DOWN"),
        (CheckStatus.FAILED, "Tenants in maintenance: 1", 503, "DOWN"),
    ],
)
def test_it_tells_health_in_the_words_of_the_reference(
    check: CheckStatus, out_of_service: str | None, status: int, word: str
) -> None:
    got, body = _ask(_probed(check, out_of_service=out_of_service), "/actuator/health")
    assert (got, body["status"]) == (status, word)
    assert body["components"]["check-0"]["details"] == {"reason": "because", "durationMs": 12.3}


def test_it_names_what_takes_it_out_of_service() -> None:
    _, body = _ask(_probed(out_of_service="Tenants in maintenance: 2"), "/actuator/health")
    assert body["components"]["maintenance"] == {
        "status": "OUT_OF_SERVICE",
        "details": {"reason": "Tenants in maintenance: 2"},
    }


def test_it_tells_its_name_and_version() -> None:
    _, body = _ask(_probed(), "/actuator/info")
    assert body == {"app": {"name": "demo", "version": VERSION}}


def test_it_has_the_version_of_the_project() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == VERSION


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/actuator/prometheus"])
def test_it_gives_measures_by_both_names(path: str) -> None:
    found = answer(_probed(), path=path, authorization=None)
    assert found == Answer(
        status=HTTPStatus.OK, body=b"a 1\n", content_type="text/plain; version=0.0.4; charset=utf-8"
    )


@pytest.mark.parametrize(
    "shown", [None, "", "Bearer", "Bearer wrong", "Basic secret", "secret", "Bearer sécret"]
)
def test_it_gives_no_measures_without_the_token(shown: str | None) -> None:
    assert _ask(_probed(token="secret"), "/metrics", shown)[0] == HTTPStatus.UNAUTHORIZED


def test_it_gives_measures_to_whoever_shows_the_token() -> None:
    found = answer(_probed(token="secret"), path="/metrics", authorization="Bearer secret")
    assert found is not None
    assert found.status == HTTPStatus.OK


@pytest.mark.parametrize("path", ["/", "", "/admin/", "/api/v1/rs-processing/actuator/health", "/readyzz"])
def test_it_leaves_other_paths_alone(path: str) -> None:
    assert answer(_probed(), path=path, authorization=None) is None


def test_it_measures_the_memory_of_a_process_and_its_children() -> None:
    family = memory.family_bytes(os.getpid())
    assert family["main"] > 1_000_000
    assert family["children"] >= 0


def test_it_measures_nothing_of_a_process_that_is_gone() -> None:
    assert memory.family_bytes(2**22 + 1) == {}
