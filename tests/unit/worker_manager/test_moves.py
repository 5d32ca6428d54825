"""A request moves only where the table says."""

import pytest

from tests.factories.worker_manager import AT, later
from worker_manager.models import Request
from worker_manager.services.moves import IllegalMove, move
from worker_manager.states import MOVES, RequestStatus

_LEGAL = [(start, end) for start, ends in MOVES.items() for end in sorted(ends)]
_ILLEGAL = [
    (start, end) for start in RequestStatus for end in RequestStatus if end not in MOVES.get(start, ())
]


@pytest.mark.parametrize(("start", "end"), _LEGAL)
def test_it_moves_and_notes_the_time(start: RequestStatus, end: RequestStatus) -> None:
    request = Request(request_id="r-1", status=start, moved_at=AT)
    move(request=request, to=end, at=later(1))
    assert (request.status, request.moved_at) == (end, later(1))


@pytest.mark.parametrize(("start", "end"), _ILLEGAL)
def test_it_refuses_and_leaves_the_request_alone(start: RequestStatus, end: RequestStatus) -> None:
    request = Request(request_id="r-1", status=start, moved_at=AT)
    with pytest.raises(IllegalMove, match=f"Request r-1 cannot go from {start} to {end}"):
        move(request=request, to=end, at=later(1))
    assert (request.status, request.moved_at) == (start, AT)
