"""What managers tell fleets about dispatches that nobody awaits."""

import pytest

from workers.contract.cancellation import Cancellation
from workers.contract.errors import MalformedMessage


@pytest.mark.parametrize("dispatch_ids", [(), ("1:0:1",), ("1:0:1", "2:7:3")])
def test_it_reads_what_it_writes(dispatch_ids: tuple[str, ...]) -> None:
    wire = Cancellation(dispatch_ids=dispatch_ids).to_wire()
    read = Cancellation.from_wire(headers=wire.headers, body=wire.body)
    assert read.dispatch_ids == dispatch_ids


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"dispatchIds":"1:0:1"}', b'{"dispatchIds":[1]}'])
def test_it_refuses_what_names_no_dispatches(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        Cancellation.from_wire(headers={}, body=body)
