"""`manage.py dead_letters`: what it prints, and how it ends."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.integration.kernel.dead_letters.mailbox import ANSWERS, ANSWERS_DLQ, DLQ, Mailbox

pytestmark = pytest.mark.django_db


def _run(*arguments: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it printed."""
    printed = io.StringIO()
    try:
        call_command("dead_letters", *arguments, stdout=printed)
    except SystemExit as end:
        return int(end.code or 0), printed.getvalue()
    return 0, printed.getvalue()


def _json(*arguments: str) -> Any:
    return json.loads(_run(*arguments, "--json")[1])


def test_it_counts(mailbox: Mailbox) -> None:
    mailbox.bury(b"a", b"b")
    assert _run("list") == (0, f"       0  {DLQ}\n       2  {ANSWERS_DLQ}\n")
    assert _json("list")["queues"][1] == {"queue": ANSWERS_DLQ, "messages": 2}


def test_it_lists(mailbox: Mailbox) -> None:
    mailbox.bury(b"abc", b"b")
    _, printed = _run("list", "--queue", ANSWERS_DLQ, "--limit", "1")
    (row,) = printed.splitlines()
    assert row.split()[0] == "1"
    assert row.endswith(f"  {ANSWERS}  demo  r-1  3 bytes  it broke")


def test_it_lists_as_json(mailbox: Mailbox) -> None:
    mailbox.bury(b"abc")
    (letter,) = _json("list", "--queue", ANSWERS_DLQ)["letters"]
    del letter["sentAt"]
    assert letter == {
        "position": 1,
        "reason": "it broke",
        "diedIn": ANSWERS,
        "exchange": "regards.worker.manager.response",
        "tenant": "demo",
        "requestId": "r-1",
        "bytes": 3,
    }


def test_it_says_that_there_are_none(mailbox: Mailbox) -> None:
    assert mailbox.bodies(DLQ) == []
    assert _run("list", "--queue", DLQ) == (0, "No dead letters\n")


def test_it_shows_headers_and_a_binary_body(mailbox: Mailbox) -> None:
    mailbox.bury(b"\xff\x1b[2Jok" + b"x" * 2000)
    code, printed = _run("show", "--queue", ANSWERS_DLQ, "1", "--excerpt", "7")
    assert code == 0
    assert printed.endswith("body (the first 7 of 2007 bytes):\n  \\xff\\x1b[2Jok\n")
    assert "  x-exception-stacktrace: here\n  and there\n" in printed
    assert "\x1b" not in printed
    assert _json("show", "--queue", ANSWERS_DLQ, "1")["headers"]["x-death-queue"] == ANSWERS


def test_it_replays(mailbox: Mailbox) -> None:
    mailbox.bury(b"a", b"b")
    assert _run("replay", "--queue", ANSWERS_DLQ) == (0, "2 replayed\n")
    assert _json("replay", "--queue", ANSWERS_DLQ) == {"replayed": 0, "stayed": []}


def test_it_ends_with_1_when_messages_stay(mailbox: Mailbox) -> None:
    mailbox.put(DLQ, b"a")
    assert _run("replay", "--queue", DLQ) == (
        1,
        "number 1 stays (request -): It does not tell in which queue it died\n0 replayed\n",
    )


def test_it_drops_when_told_twice(mailbox: Mailbox) -> None:
    mailbox.bury(b"a")
    with pytest.raises(CommandError, match="say --yes"):
        _run("drop", "--queue", ANSWERS_DLQ)
    assert _run("drop", "--queue", ANSWERS_DLQ, "--yes") == (0, "1 dropped\n")
    assert mailbox.bodies(ANSWERS_DLQ) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "--queue", "x"], "'x' keeps no dead letters of the platform"),
        (["show", "--queue", DLQ, "1"], "has no message number 1"),
        (["replay"], "required: --queue"),
        (["replay", "--queue", DLQ, "--limit", "0"], "a whole number from 1 to"),
        ([], "required: ACTION"),
    ],
)
def test_it_says_what_is_wrong(mailbox: Mailbox, arguments: list[str], words: str) -> None:
    assert mailbox.bodies(DLQ) == []
    with pytest.raises(CommandError, match=words):
        _run(*arguments)


def test_it_says_that_the_broker_is_away(settings: Settings) -> None:
    settings.BROKER_URL = "amqp://guest:guest@127.0.0.1:1//"
    with pytest.raises(CommandError, match="is not available"):
        _run("list")
