"""How many messages a fleet takes in advance, by what its worker types declare."""

from collections.abc import Callable

import pytest

from workers.sdk import WorkContext, WorkRequest, WorkResult, declare, worker_type
from workers.sdk.config import WorkerConfig
from workers.sdk.declare import WorkerType
from workers.sdk.errors import ConfigurationError, DeclarationError
from workers.sdk.length import LengthOf
from workers.sdk.prefetch import prefetch_of


@pytest.fixture(autouse=True)
def _nothing_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "_declared", {})


def _work() -> Callable[..., WorkResult]:
    def work(_request: WorkRequest, _context: WorkContext) -> WorkResult:
        return WorkResult()

    return work


def _of_request(_request: WorkRequest) -> float:
    return 0.01


def _declared(*lengths: float | LengthOf | None) -> list[WorkerType]:
    for number, longest in enumerate(lengths):
        function = _work()
        function.__qualname__ = f"work_{number}"
        worker_type(f"type-{number}", version="1", longest=longest)(function)
    return list(declare.declared_types().values())


def _prefetch(types: list[WorkerType], **variables: str) -> int:
    config = WorkerConfig.from_env({"BROKER_URL": "amqp://host//"} | variables)
    return prefetch_of(config=config, types=types)


@pytest.mark.parametrize(
    ("longest", "prefetch"), [(0.001, 100), (0.05, 40), (1.0, 2), (1.5, 1), (60.0, 1), (7200.0, 1), (None, 1)]
)
def test_it_takes_two_seconds_of_work_in_advance(longest: float | None, prefetch: int) -> None:
    assert _prefetch(_declared(longest)) == prefetch


def test_it_takes_as_much_as_suits_the_longest_of_its_types() -> None:
    assert _prefetch(_declared(0.01, 0.5)) == 4
    assert _prefetch(_declared(0.01, None)) == 1


def test_the_configuration_goes_before_what_is_declared() -> None:
    assert _prefetch(_declared(0.01), WORKER_PREFETCH="7") == 7


def test_it_takes_one_where_each_request_has_a_length_of_its_own() -> None:
    assert _prefetch(_declared(0.01, _of_request)) == 1


@pytest.mark.parametrize("longest", [600.0, _of_request], ids=["long", "by request"])
def test_it_refuses_to_take_long_work_in_advance(longest: float | LengthOf) -> None:
    with pytest.raises(
        ConfigurationError, match=r"WORKER_PREFETCH=7: long work is taken one by one \(type-1\)"
    ):
        _prefetch(_declared(0.01, longest), WORKER_PREFETCH="7")


@pytest.mark.parametrize("longest", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_it_refuses_a_length_that_no_work_has(longest: float) -> None:
    with pytest.raises(DeclarationError, match="longest must be more than 0 and at most 31536000 seconds"):
        worker_type("a-type", version="1", longest=longest)


@pytest.mark.parametrize("longest", [600.0, _of_request], ids=["long", "by request"])
def test_it_refuses_bulks_of_long_work(longest: float | LengthOf) -> None:
    with pytest.raises(DeclarationError, match=r"work of 600 seconds and more, .*, is taken one by one"):
        worker_type("a-type", version="1", longest=longest, bulk=10)
