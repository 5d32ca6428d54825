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
