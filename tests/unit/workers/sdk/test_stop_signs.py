"""Work is told to stop, whatever process runs it."""

import multiprocessing
import os
import sys
from pathlib import Path
from typing import Final, NoReturn

import pytest

from workers.sdk import Cancelled, WorkContext, WorkRequest, WorkResult
from workers.sdk.stop_signs import StopSigns
from workers.sdk.testing import run_once

_SEEN: Final = 3


def test_it_stops_the_work_of_one_dispatch(tmp_path: Path) -> None:
    here, elsewhere = StopSigns(tmp_path / "signs"), StopSigns(tmp_path / "signs")
    here.put_up("1:0:1")
    assert (elsewhere.is_up("1:0:1"), elsewhere.is_up("1:0:2"), elsewhere.is_up(None)) == (True, False, False)


def test_it_reaches_children_that_were_forked_before(tmp_path: Path) -> None:
    signs = StopSigns(tmp_path / "signs")
    told, tell = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=_look, args=(signs, told))
    child.start()
    signs.put_up("12:1:1")
    os.write(tell, b"!")
    child.join(10)
    assert child.exitcode == _SEEN


def _look(signs: StopSigns, told: int) -> NoReturn:
    os.read(told, 1)
    sys.exit(_SEEN * signs.is_up("12:1:1"))


def test_it_leaves_nothing_behind(tmp_path: Path) -> None:
    signs = StopSigns(tmp_path / "signs")
    for dispatch_id in ("1:0:1", "2:0:1"):
        signs.put_up(dispatch_id)
    signs.take_down("1:0:1")
    assert signs.is_up("2:0:1")
    signs.take_down("2:0:1")
    assert list(tmp_path.iterdir()) == []


def _asks(_request: WorkRequest, context: WorkContext) -> WorkResult:
    return WorkResult(content=str(context.cancelled).encode())


def _reports(_request: WorkRequest, context: WorkContext) -> WorkResult:
    context.progress("half way")
    return WorkResult()


def _writes(_request: WorkRequest, context: WorkContext) -> WorkResult:
    context.workdir.joinpath("file").touch()
    return WorkResult()


def _checks(_request: WorkRequest, context: WorkContext) -> WorkResult:
    context.raise_if_cancelled()
    return WorkResult()


@pytest.mark.parametrize("function", [_reports, _writes, _checks])
def test_it_ends_work_at_its_next_call_of_the_context(function: object) -> None:
    run_once(function)  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        run_once(function, cancelled=lambda: True)  # type: ignore[arg-type]


@pytest.mark.parametrize("cancelled", [True, False])
def test_it_tells_work_that_asks(*, cancelled: bool) -> None:
    assert run_once(_asks, cancelled=lambda: cancelled).content == str(cancelled).encode()
