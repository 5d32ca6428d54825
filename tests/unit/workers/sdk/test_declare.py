import pytest

from workers.sdk import WorkContext, WorkRequest, WorkResult, declare, worker_type
from workers.sdk.errors import DeclarationError, UnknownWorkerType


def _work(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    return WorkResult()


def _other(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    return WorkResult()


@pytest.fixture(autouse=True)
def _nothing_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "_declared", {})


def test_it_registers_the_function_and_leaves_it_alone() -> None:
    assert worker_type("a-type", version="1.0")(_work) is _work
    assert declare.find("a-type").run is _work
    assert declare.find("a-type").version == "1.0"


def test_it_asks_nothing_of_a_machine_unless_told_to() -> None:
    asked: list[str] = []
    worker_type("a-type", version="1.0", check_start=lambda: asked.append("a-type"))(_work)
    worker_type("b-type", version="1.0")(_other)
    for name in ("a-type", "b-type"):
        declare.find(name).check_start()
    assert asked == ["a-type"]


def test_it_accepts_the_same_declaration_again() -> None:
    worker_type("a-type", version="1.0")(_work)
    worker_type("a-type", version="1.1")(_work)
    assert declare.find("a-type").version == "1.1"


@pytest.mark.parametrize("name", ["a-type", "A-Type"])
def test_it_refuses_a_name_that_is_taken(name: str) -> None:
    worker_type("a-type", version="1.0")(_work)
    with pytest.raises(DeclarationError, match=r"is already declared as 'a-type' by .*_work"):
        worker_type(name, version="1.0")(_other)


@pytest.mark.parametrize("name", ["", "-a", "a b", "é", "a/b", "a" * 129, "a\n"])
def test_it_refuses_a_name_that_no_queue_could_have(name: str) -> None:
    with pytest.raises(DeclarationError, match="is not a valid name: 1 to 128 letters"):
        worker_type(name, version="1.0")


@pytest.mark.parametrize("version", ["", "1" * 65])
def test_it_refuses_a_version_that_says_nothing_or_too_much(version: str) -> None:
    with pytest.raises(DeclarationError, match="version must have 1 to 64 characters"):
        worker_type("a-type", version=version)


@pytest.mark.parametrize("name", ["b-type", "A-TYPE"])
def test_it_lists_what_is_declared_when_asked_for_something_else(name: str) -> None:
    worker_type("a-type", version="1.0")(_work)
    with pytest.raises(UnknownWorkerType, match=f"Unknown worker type '{name}'; declared: a-type"):
        declare.find(name)
