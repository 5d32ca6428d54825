import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import workers.sdk
from workers.sdk.config import VARIABLES, Variable, WorkerConfig
from workers.sdk.errors import ConfigurationError


class Recorded(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_it_has_a_default_for_everything() -> None:
    config = WorkerConfig.from_env({"REGARDS_VAR": "/v"})
    assert config.embedded
    assert (config.storage, config.workdir) == (Path("/v/storage"), Path("/v/work"))
    assert config.file_roots == (Path("/v/storage"),)
    assert (config.types, config.modules, config.tenant) == ((), (), "default")
    assert (config.heartbeat, config.prefetch, config.running_after) == (15, 0, 0.5)
    assert (config.grace, config.max_tasks, config.max_memory, config.stall) == (25, 0, 0, 60)


def test_it_reads_every_variable() -> None:
    config = WorkerConfig.from_env(
        {
            "BROKER_URL": "amqp://u:p@h/v",
            "REGARDS_SHARED_STORAGE": "/s",
            "REGARDS_WORKDIR": "/w",
            "REGARDS_FILE_ROOTS": os.pathsep.join(["/a", "/b"]),
            "WORKER_TYPES": "a, b,,",
            "WORKER_MODULES": "m.one,m.two",
            "WORKER_ID": "w1",
            "WORKER_TENANT": "t",
            "WORKER_HEARTBEAT_SECONDS": "2.5",
            "WORKER_RESULT_BACKEND": "rpc://",
            "WORKER_PREFETCH": "32",
            "WORKER_RUNNING_AFTER_SECONDS": "0",
            "WORKER_ANSWER_TIMEOUT_SECONDS": "5",
            "WORKER_MAX_CONTENT_BYTES": "1000",
            "WORKER_STORED_CONTENT_BYTES": "500",
            "WORKER_GRACE_SECONDS": "0.5",
            "WORKER_MAX_TASKS": "12",
            "WORKER_MAX_MEMORY_BYTES": "1048576",
            "WORKER_STALL_SECONDS": "3",
            "LOG_LEVEL": "debug",
            "LOG_FORMAT": "json",
        }
    )
    assert not config.embedded
    assert (config.storage, config.workdir) == (Path("/s"), Path("/w"))
    assert config.file_roots == (Path("/a"), Path("/b"))
    assert (config.types, config.modules) == (("a", "b"), ("m.one", "m.two"))
    assert (config.worker_id, config.tenant, config.result_backend) == ("w1", "t", "rpc://")
    assert (config.heartbeat, config.prefetch, config.running_after) == (2.5, 32, 0)
    assert (config.answer_timeout, config.max_content, config.stored_content) == (5, 1000, 500)
    assert (config.grace, config.max_tasks, config.max_memory, config.stall) == (0.5, 12, 1_048_576, 3)
    assert (config.log_level, config.log_format) == ("DEBUG", "json")


def test_it_documents_every_variable_that_it_reads() -> None:
    environment = Recorded()
    WorkerConfig.from_env(environment)
    assert environment.asked == {variable.name for variable in VARIABLES}


def test_it_makes_each_process_an_id_of_its_own() -> None:
    # Of the same host and process id, as containers have them.
    assert len({WorkerConfig.from_env({}).worker_id for _ in range(2000)}) == 2000


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("WORKER_PREFETCH", "many", "WORKER_PREFETCH='many': a whole number from 0 to 10000 is allowed"),
        ("WORKER_PREFETCH", "-1", "WORKER_PREFETCH='-1': a whole number"),
        ("WORKER_MAX_MEMORY_BYTES", "512", "WORKER_MAX_MEMORY_BYTES=512: 0, or at least 1048576 is allowed"),
        ("WORKER_PREFETCH", "1.5", "WORKER_PREFETCH='1.5': a whole number"),
        ("WORKER_HEARTBEAT_SECONDS", "nan", "WORKER_HEARTBEAT_SECONDS='nan': a number of seconds from 0.1"),
        ("WORKER_HEARTBEAT_SECONDS", "-1", "a number of seconds from 0.1 to 3600 is allowed"),
        ("WORKER_RUNNING_AFTER_SECONDS", "1e9", "a number of seconds from 0 to 3600 is allowed"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL='LOUD': one of DEBUG, INFO, WARNING, ERROR is allowed"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT='xml': one of console, json is allowed"),
        ("BROKER_URL", "redis://h", "BROKER_URL='redis://…': amqp or amqps or pyamqp, followed by ://host"),
        ("BROKER_URL", "abc", "BROKER_URL='abc': amqp or amqps"),
        ("BROKER_URL", "amqp://", "BROKER_URL='amqp://': amqp or amqps"),
        ("WORKER_ID", "w" * 256, "at most 255 characters are allowed"),
    ],
)
def test_it_names_the_variable_the_value_and_what_is_allowed(name: str, value: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        WorkerConfig.from_env({name: value})


def test_it_does_not_repeat_a_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        WorkerConfig.from_env({"BROKER_URL": "http://user:secret@host"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_it_is_documented_as_it_is(variable: Variable) -> None:
    readme = Path(workers.sdk.__file__).parents[1] / "README.md"
    row = f"| `{variable.name}` | {variable.default} | {variable.meaning} |"
    assert row in readme.read_text(encoding="utf-8").splitlines()
