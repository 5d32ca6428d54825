"""What is done on a connection that is gone: the library's own error, which everybody knows to handle."""

from typing import Any

import pytest
from amqp.exceptions import RecoverableConnectionError

from workers.transport.turns import TurnChannel


def _channel_of_a_lost_connection() -> Any:
    channel: Any = TurnChannel.__new__(TurnChannel)
    channel.connection, channel.channel_id = None, 1
    return channel


def test_it_says_that_an_acknowledgement_came_too_late() -> None:
    with pytest.raises(RecoverableConnectionError):
        _channel_of_a_lost_connection().basic_ack(1)


def test_it_says_that_a_rejection_came_too_late() -> None:
    with pytest.raises(RecoverableConnectionError):
        _channel_of_a_lost_connection().basic_reject(1, requeue=False)
