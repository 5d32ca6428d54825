"""The outbox publishes through whom it is told."""

import pytest

from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.outbox.port import publishing_through, wire


def test_it_publishes_through_the_innermost_substitute() -> None:
    outer, inner = InMemoryBroker(), InMemoryBroker()
    with publishing_through(outer):
        with publishing_through(inner):
            assert wire() is inner
        assert wire() is outer


def test_it_forgets_a_substitute_whose_block_failed() -> None:
    outer, inner = InMemoryBroker(), InMemoryBroker()
    with publishing_through(outer):
        with pytest.raises(ZeroDivisionError), publishing_through(inner):
            raise ZeroDivisionError
        assert wire() is outer
