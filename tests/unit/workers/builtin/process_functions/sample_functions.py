"""A plugin whose function does what its parameters say."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from workers.processes import order
from workers.processes.function import FunctionPlugin
from workers.processes.function_call import FunctionCall
from workers.processes.function_parameters import described, parameter
from workers.processes.job import ProcessFailed
from workers.processes.metadata import PluginMetadata
from workers.processes.plugin import InvalidParameters


class Deed(StrEnum):
    COUNT = "COUNT"
    FAIL = "FAIL"
    RAISE = "RAISE"
    LEAVE = "LEAVE"
    DIE = "DIE"
    GROW = "GROW"
    WAIT = "WAIT"
    SHOUT = "SHOUT"
    PEEP = "PEEP"
    LINK = "LINK"
    PIPE = "PIPE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleParameters:
    deed: Deed = parameter(name="deed", label="Deed", description="What to do", default=Deed.COUNT)
    times: int = parameter(name="times", label="Times", description="How often", default=1)
    factor: float = parameter(name="factor", label="Factor", description="How much")
    words: list[str] = parameter(name="words", label="Words", description="Which words")
    note: str | None = parameter(name="note", label="Note", description="A note", default=None)
    password: str | None = parameter(
        name="password", label="Password", description="A secret", default=None, sensitive=True
    )

    def __post_init__(self) -> None:
        if self.times < 0:
            raise InvalidParameters({"times": "times: 0 or more is expected"})


def work(call: FunctionCall, parameters: SampleParameters) -> None:
    """Do the deed."""
    _DEEDS[parameters.deed](call, parameters)


def _count(call: FunctionCall, parameters: SampleParameters) -> None:
    print(f"{parameters.times} x {parameters.factor} {parameters.words} {parameters.note}")  # noqa: T201 (what it prints is its log)
    print("password", parameters.password, sorted(set(os.environ) & {"BROKER_URL", "HOME"}))  # noqa: T201 (what it prints is its log)
    call.new_output(Path("count")).write_text(str(len(call.files())))  # type: ignore[arg-type] # a path it is


def _fail(_call: FunctionCall, _parameters: SampleParameters) -> None:
    raise ProcessFailed("there is\nno sky")


def _raise(_call: FunctionCall, _parameters: SampleParameters) -> None:
    raise KeyError("band")


def _leave(_call: FunctionCall, _parameters: SampleParameters) -> None:
    sys.exit(0)


def _die(_call: FunctionCall, _parameters: SampleParameters) -> None:
    print("about to die", file=sys.stderr)  # noqa: T201 (what it prints is its log)
    os.kill(os.getpid(), signal.SIGSEGV)


def _grow(_call: FunctionCall, _parameters: SampleParameters) -> None:
    bytearray(10**9)


def _shout(_call: FunctionCall, parameters: SampleParameters) -> None:
    raise ProcessFailed(f"not {parameters.password} again")


def _peep(_call: FunctionCall, parameters: SampleParameters) -> None:
    print(Path(parameters.note or "").read_text())  # noqa: T201 (what it prints is its log)


def _link(_call: FunctionCall, parameters: SampleParameters) -> None:
    Path(".failure").symlink_to(parameters.note or "")
    os._exit(1)


def _pipe(_call: FunctionCall, _parameters: SampleParameters) -> None:
    os.mkfifo(".failure")
    os._exit(1)


def _wait(_call: FunctionCall, parameters: SampleParameters) -> None:
    Path(parameters.note or "").write_text(str(os.getpid()))
    time.sleep(600)


_DEEDS: dict[Deed, Any] = {
    Deed.COUNT: _count,
    Deed.FAIL: _fail,
    Deed.RAISE: _raise,
    Deed.LEAVE: _leave,
    Deed.DIE: _die,
    Deed.GROW: _grow,
    Deed.WAIT: _wait,
    Deed.SHOUT: _shout,
    Deed.PEEP: _peep,
    Deed.LINK: _link,
    Deed.PIPE: _pipe,
}


class SamplePlugin(FunctionPlugin):
    """Does what it is told."""

    function: ClassVar[str] = f"{__name__}:work"
    own_parameters: ClassVar[type] = SampleParameters
    metadata: ClassVar[PluginMetadata] = PluginMetadata(
        plugin_id="SamplePlugin",
        version="1.0",
        description="Does what it is told",
        class_name=f"{__name__}.SamplePlugin",
        parameters=(*described(SampleParameters), *order.PARAMETERS),
    )
