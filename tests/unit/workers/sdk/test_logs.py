import json
import logging
import sys

from workers.sdk.context import RequestLog
from workers.sdk.logs import JsonFormatter


def test_it_writes_one_json_object_with_the_extra_fields() -> None:
    record = logging.makeLogRecord({"msg": "hello %s", "args": ("you",), "levelname": "INFO", "tenant": "t"})
    line = json.loads(JsonFormatter().format(record))
    assert (line["message"], line["level"], line["tenant"]) == ("hello you", "INFO", "t")


def test_it_writes_the_traceback_into_the_same_line() -> None:
    try:
        int("x")
    except ValueError:
        record = logging.makeLogRecord({"msg": "bad", "exc_info": sys.exc_info()})
    text = JsonFormatter().format(record)
    assert "\n" not in text
    assert "ValueError" in json.loads(text)["exception"]


def test_it_names_the_request_beside_the_callers_own_fields() -> None:
    log = RequestLog(logging.getLogger("x"), {"request_id": "r"})
    assert log.process("hello", {"extra": {"size": 3}})[1] == {"extra": {"request_id": "r", "size": 3}}


def test_it_tells_the_text_of_records_from_info_on_whatever_level_is_written() -> None:
    silent = logging.getLogger("test_logs.silent")
    silent.setLevel(logging.CRITICAL)
    told: list[str] = []
    log = RequestLog(silent, {}, tell=told.append)
    log.debug("details")
    log.info("%d of %d", 1, 3)
    log.error("values do not fit: %d", "x")
    assert told == ["1 of 3", "values do not fit: %d"]
