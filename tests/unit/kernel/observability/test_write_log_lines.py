"""Log lines of the platform: one JSON object each, and the same names as in the fleets."""

import json
import logging
import sys
from typing import Any

import pytest

from regards_processing.kernel.correlation import correlated
from regards_processing.kernel.logging import ConsoleFormatter, JsonFormatter
from regards_processing.kernel.observability.log_context import bind, bound_facts, log_context
from workers.sdk.logs import ConsoleFormatter as FleetConsoleFormatter
from workers.sdk.logs import JsonFormatter as FleetFormatter


def _record(**fields: Any) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"msg": "hello %s", "args": ("you",), "levelname": "INFO", "name": "x"} | fields
    )


def _failure() -> logging.LogRecord:
    try:
        int("x\ny")
    except ValueError:
        facts = sys.exc_info()
    return _record(exc_info=facts)


def _line(record: logging.LogRecord) -> dict[str, Any]:
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line: dict[str, Any] = json.loads(text)
    return line


def test_it_writes_one_object_with_the_fields_of_the_event() -> None:
    line = _line(_record(action="request.received", tenant="demo", stored=3))
    assert (line["message"], line["level"], line["logger"]) == ("hello you", "INFO", "x")
    assert (line["action"], line["tenant"], line["stored"]) == ("request.received", "demo", 3)


def test_it_writes_the_time_in_utc() -> None:
    assert _line(_record(created=0.25))["time"] == "1970-01-01T00:00:00.250000+00:00"


def test_it_writes_a_traceback_into_the_same_line() -> None:
    assert "ValueError" in _line(_failure())["exception"]


def test_it_writes_values_that_json_does_not_know() -> None:
    line = _line(_record(folder=JsonFormatter, reasons={1: b"\xff"}, text='two\nlines "quoted"'))
    assert line["text"] == 'two\nlines "quoted"'


def test_it_writes_a_record_that_cannot_be_put_together() -> None:
    line = _line(_record(msg="%d requests", args=("many",)))
    assert line["message"] == "%d requests"
    assert "TypeError" in line["unwritten"]


def test_it_adds_what_is_bound() -> None:
    with correlated("c-1"), log_context(task="sweep"):
        bind(tenant="demo", username="ada")
        line = _line(_record())
    assert (line["correlationId"], line["task"]) == ("c-1", "sweep")
    assert (line["tenant"], line["username"]) == ("demo", "ada")


def test_it_prefers_the_fields_of_the_event() -> None:
    with log_context(tenant="demo"):
        assert _line(_record(tenant="other"))["tenant"] == "other"


def test_it_forgets_what_was_bound_at_the_end_of_the_block() -> None:
    with log_context():
        bind(username="ada")
    assert bound_facts() == {}


def test_it_binds_nothing_outside_a_block() -> None:
    bind(username="ada")
    assert bound_facts() == {}


def test_it_adds_what_is_bound_to_lines_for_people() -> None:
    with log_context(tenant="demo"):
        text = ConsoleFormatter().format(_record(stored=3))
    assert text.endswith("INFO    x: hello you stored=3 tenant=demo")


_FORGED = "r-1\n16:00:00 INFO    x: token issued login=root\r\x1b[2K\u2028\u202e"
_ESCAPED = r"r-1\n16:00:00 INFO    x: token issued login=root\r\x1b[2K\u2028\u202e"


@pytest.mark.parametrize(
    "formatter", [ConsoleFormatter(), FleetConsoleFormatter("%(levelname)s %(message)s")]
)
def test_it_lets_nobody_write_a_line_of_their_own(formatter: logging.Formatter) -> None:
    text = formatter.format(_record(msg="Not Found: %s", args=(f"é {_FORGED}",)))
    assert text.endswith(rf"Not Found: é {_ESCAPED}")


def test_it_lets_nobody_write_a_line_in_a_field() -> None:
    with log_context(username=_FORGED):
        text = ConsoleFormatter().format(_record(path=_FORGED))
    assert text.endswith(f"hello you path={_ESCAPED} username={_ESCAPED}")


@pytest.mark.parametrize("formatter", [ConsoleFormatter(), FleetConsoleFormatter()])
def test_it_leaves_tracebacks_as_people_read_them(formatter: logging.Formatter) -> None:
    lines = formatter.format(_failure()).splitlines()
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: invalid literal for int() with base 10: 'x\\ny'"


def test_it_names_fields_as_the_fleets_do() -> None:
    for record in (_record(tenant="demo"), _failure()):
        assert set(_line(record)) == set(json.loads(FleetFormatter().format(record)))
