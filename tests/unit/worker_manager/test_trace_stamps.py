"""What a request carries for its spans."""

from dataclasses import replace

import pytest

from tests.factories.worker_manager import AT, later
from worker_manager.states import RequestStatus
from worker_manager.trace_stamps import Phase, Stamp
from workers.contract.trace_parent import TraceParent

_IDS = TraceParent(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7", sampled=True)
_PHASE = Phase(
    status=RequestStatus.DISPATCHED, since=later(0.000_001), attempt=3, step=2, worker_type="unzip-worker"
)
_BARE = Stamp(ids=_IDS, parent_id=None, since=AT)


@pytest.mark.parametrize(
    "stamp",
    [
        _BARE,
        Stamp(ids=_IDS, parent_id="1" * 16, run=2, since=AT, cause="call-7", ended=True),
        replace(_BARE, phase=_PHASE),
        replace(_BARE, phase=replace(_PHASE, running_since=later(1), worker_id="w-7")),
        replace(_BARE, ids=replace(_IDS, sampled=False)),
    ],
)
def test_it_survives_being_stored(stamp: Stamp) -> None:
    assert Stamp.read(stamp.to_text()) == stamp


def test_it_gives_each_dispatch_a_span_that_anybody_can_name() -> None:
    spans = [_BARE.dispatch(attempt=attempt) for attempt in (1, 2, 2)]
    assert spans[1] == spans[2] != spans[0]
    assert TraceParent.parse(spans[0].to_header()) == spans[0]
    assert {span.trace_id for span in spans} == {_IDS.trace_id}


def test_it_gives_another_run_other_spans() -> None:
    again = replace(_BARE, ended=True).again(at=later(9), cause="call-7")
    assert (again.parent_id, again.run, again.since, again.ended) == (_IDS.span_id, 2, later(9), False)
    assert again.ids.trace_id == _IDS.trace_id
    assert again.dispatch(attempt=1) != _BARE.dispatch(attempt=1)


def test_it_ignores_what_a_later_release_wrote() -> None:
    assert Stamp.read(_BARE.to_text().replace('"run"', '"lap"')) is None
