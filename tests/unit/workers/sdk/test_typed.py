"""Worker types that take and make pydantic models."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, declare, models, worker_type
from workers.sdk.errors import DeclarationError
from workers.sdk.testing import run_once


class Band(BaseModel):
    name: Literal["red", "green"]


class Order(BaseModel):
    width: int = Field(gt=0)
    bands: list[Band] = []


class Report(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    pixels: int = Field(alias="numberOfPixels")


class Secretive(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    pin: int


@pytest.fixture(autouse=True)
def _nothing_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "_declared", {})


def _measure(order: Order, context: WorkContext) -> Report:
    context.progress(f"{len(order.bands)} bands")
    return Report(numberOfPixels=order.width**2)


def _told(function: Callable[..., Any], content: bytes) -> tuple[str, ...]:
    with pytest.raises(InvalidContent) as caught:
        run_once(function, content=content)
    return caught.value.messages


def test_it_reads_the_content_and_writes_what_is_made() -> None:
    lines: list[str] = []
    result = run_once(_measure, content=b'{"width": 3, "bands": [{"name": "red"}]}', progress=lines)
    assert result.content == b'{"numberOfPixels":9}'
    assert lines == ["1 bands"]


def test_it_names_each_field_what_is_allowed_and_what_came() -> None:
    content = b'{"width": 0, "bands": [{"name": "red"}, {"name": "blue"}, {}]}'
    assert _told(_measure, content) == (
        "width: Input should be greater than 0, got 0",
        "bands[1].name: Input should be 'red' or 'green', got 'blue'",
        "bands[2].name: Field required",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The content: Invalid JSON: EOF while parsing a value"),
        (b"\xff", "The content: Invalid JSON: "),
        (b"[1]", "The content: Input should be an object, got [1]"),
    ],
)
def test_it_says_what_is_wrong_with_the_whole(content: bytes, message: str) -> None:
    (told,) = _told(_measure, content)
    assert told.startswith(message)


def test_it_bounds_what_it_tells() -> None:
    bands = ",".join(['{"name": "' + "x" * 500 + '"}'] * 30)
    told = _told(_measure, f'{{"width": 1, "bands": [{bands}]}}'.encode())
    assert len(told) == 21
    assert told[-1] == "and 10 faults more"
    assert max(map(len, told)) < 200


def test_it_does_not_repeat_what_a_model_hides() -> None:
    def work(_order: Secretive, _context: WorkContext) -> WorkResult:
        return WorkResult()

    (told,) = _told(work, b'{"pin": "three"}')
    assert told.startswith("pin: Input should be a valid integer")
    assert "three" not in told


def test_it_takes_the_request_and_makes_a_model_or_the_other_way_round() -> None:
    def makes(request: WorkRequest, _context: WorkContext) -> Report:
        return Report(numberOfPixels=len(request.content))

    def takes(order: Order, _context: WorkContext) -> WorkResult:
        return WorkResult.model(Report(numberOfPixels=order.width), messages=("measured",))

    assert run_once(makes, content=b"abc").content == b'{"numberOfPixels":3}'
    assert run_once(takes, content=b'{"width": 4}') == WorkResult(
        content=b'{"numberOfPixels":4}', messages=("measured",)
    )


def test_it_tells_the_schemas_of_what_is_taken_and_made() -> None:
    worker_type("measure", version="1")(_measure)
    signature = declare.find("measure").signature
    assert models.schema(signature.takes, made=False)["required"] == ["width"]  # type: ignore[index]
    assert "numberOfPixels" in models.schema(signature.makes, made=True)["properties"]  # type: ignore[index]


def test_it_refuses_a_schema_beside_a_model() -> None:
    with pytest.raises(DeclarationError, match="takes a model, which has a schema: body_schema is void"):
        worker_type("measure", version="1", body_schema=Path("body.schema.json"))(_measure)


def _one_argument(_request: WorkRequest) -> WorkResult:
    return WorkResult()


def _date(_when: datetime, _context: WorkContext) -> WorkResult:
    return WorkResult()


def _unknown(_order: "NoSuchModel", _context: WorkContext) -> WorkResult:  # type: ignore[name-defined] # noqa: F821
    return WorkResult()


class _Idle:
    """A class that cannot run."""


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (_one_argument, "must be a function of a request and a context: too many positional arguments"),
        (_date, "takes <class 'datetime.datetime'>; a WorkRequest or a pydantic model can be taken"),
        (_unknown, "its annotations cannot be read: NameError: name 'NoSuchModel' is not defined"),
        (_Idle, "the class _Idle has no method run"),
        ("text", "must decorate a function, not 'text'"),
    ],
)
def test_it_refuses_at_once_what_it_could_not_call(function: Any, reason: str) -> None:
    with pytest.raises(DeclarationError, match=f"Worker type 'x'.*{reason}"):
        worker_type("x", version="1")(function)
