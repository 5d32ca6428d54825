"""`manage.py doctor`: what it prints, and how it ends."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.observability.sweeps import note_run

# Checks run in threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

_GOOD_KEY = "Zr4u7x!A%D*G-KaPdSgVkYp3s6v9y$B&E(H+MbQeThWmZq4t7w!z"


@pytest.fixture(autouse=True)
def _well(settings: Settings, tmp_path: Path) -> None:
    """Let everything be well that this machine cannot be trusted with."""
    settings.EMBEDDED = False
    settings.SECRET_KEY = _GOOD_KEY
    settings.STORAGE_MIN_FREE = 0
    settings.SHARED_STORAGE = settings.VAR = settings.WORK_FOLDER = tmp_path
    settings.BROKER_URL, settings.BROKER_FOLDER = "", tmp_path / "broker"


def _run(*arguments: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it printed."""
    printed = io.StringIO()
    try:
        call_command("doctor", *arguments, stdout=printed)
    except SystemExit as end:
        return int(end.code or 0), printed.getvalue()
    return 0, printed.getvalue()


def _json(*arguments: str) -> tuple[int, Any]:
    code, printed = _run("--json", *arguments)
    return code, json.loads(printed)


def test_it_ends_with_0_when_nothing_failed() -> None:
    code, printed = _run()
    assert code == 0, printed
    assert printed.splitlines()[0].startswith("database          ok       ")
    assert printed.splitlines()[-1].endswith("skipped")
    assert " 0 failed" in printed.splitlines()[-1]


def test_it_ends_with_1_when_a_check_failed(settings: Settings) -> None:
    settings.SECRET_KEY = "secret"
    code, printed = _run("--only", "secrets")
    assert code == 1
    assert "secrets           failed   SECRET_KEY has 6 characters, at least 50 are needed" in printed
    assert printed.splitlines()[-1] == "0 ok, 0 warnings, 1 failed, 0 skipped"


def test_it_makes_only_the_checks_that_are_asked_for() -> None:
    code, told = _json("--only", "doors", "--only", "storage")
    assert (code, [check["check"] for check in told["checks"]]) == (0, ["storage", "doors"])


def test_it_prints_json(settings: Settings, tmp_path: Path) -> None:
    settings.SHARED_STORAGE = tmp_path / "file"
    settings.SHARED_STORAGE.touch()
    code, told = _json("--only", "storage")
    (check,) = told["checks"]
    (finding,) = check["findings"]
    assert (code, told["outcome"], told["counts"]["failed"], check["outcome"]) == (1, "failed", 1, "failed")
    assert finding["facts"] == {"folder": str(tmp_path / "file")}
    assert finding["advice"][0].startswith("Let this user write there")


def test_it_goes_on_when_the_broker_is_away(settings: Settings) -> None:
    settings.BROKER_URL = "amqp://ada:s3cr3t@127.0.0.1:1/x"
    code, told = _json()
    outcomes = {check["check"]: check["outcome"] for check in told["checks"]}
    assert code == 1
    assert (outcomes["broker"], outcomes["queues"], outcomes["worker-queues"]) == (
        "failed",
        "skipped",
        "skipped",
    )
    assert (outcomes["database"], outcomes["storage"]) == ("ok", "ok")
    assert "s3cr3t" not in json.dumps(told)


def test_it_sees_what_others_have_committed(settings: Settings) -> None:
    settings.CELERY_BEAT_SCHEDULE = {"x": {"task": "a.sweep", "schedule": 3.0}}
    _, before = _json("--only", "sweeps")
    note_run(task="a.sweep", at=clock.now())
    _, after = _json("--only", "sweeps")
    assert (before["outcome"], after["outcome"]) == ("warning", "ok")


def test_it_refuses_a_check_that_there_is_not() -> None:
    with pytest.raises(CommandError, match="There is no check 'brocker'; there are database, "):
        _run("--only", "brocker")


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        ("somebody.elses", "'somebody.elses' is not a queue of the platform"),
        ("regards.DLQ", "Queues of the embedded broker have no arguments"),
    ],
)
def test_it_says_why_nothing_is_moved(queue: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        _run("--move-messages", queue)
