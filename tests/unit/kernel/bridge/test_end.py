"""A bridge of which a part has failed ends, so that whoever supervises it starts it again."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.side_loops import SideLoops
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.amqp.topology import Topology
from regards_processing.kernel.bridge.crossing import Crossings
from regards_processing.kernel.bridge.services import Bridge, BridgeUnavailable

_ADDRESS = BrokerAddress(url="amqp://127.0.0.1:1")


class _Broken(BulkLoop):
    """Has a fault that nobody foresaw."""

    def __init__(self) -> None:
        super().__init__([], address=_ADDRESS, topology=Topology(), publisher=InMemoryBroker())

    def run(self, stop: threading.Event) -> None:
        raise ZeroDivisionError(f"{stop} is not looked at")


class _BrokenCrossings(Crossings):
    def of_dispatches(self, guests: Callable[[], Sequence[BatchConsumer[Any]]]) -> SideLoops:
        assert guests() == []
        return SideLoops("dispatches", [_Broken()])


def test_a_loop_that_ends_by_an_error_ends_the_bridge() -> None:
    crossings = _BrokenCrossings(address=_ADDRESS, app_id="REGARDS", limits=BulkLimits())
    bridge = Bridge(address=_ADDRESS, crossings=crossings, hosts=list, worker_types=list)
    with pytest.raises(BridgeUnavailable, match="A loop of the bridge has ended"):
        bridge.run(threading.Event())


def test_whoever_runs_loops_beside_hears_that_one_has_failed() -> None:
    failed = threading.Event()
    loops = SideLoops("beside", [_Broken()], on_failure=failed.set).start()
    assert failed.wait(10)
    loops.close()
    assert not loops.alive
