"""Taking leave of a broker that may have gone first."""

from typing import Any

from regards_processing.kernel.amqp.rabbitmq import Frames


class Driver:
    """The driver's connection, which notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def close(self) -> None:
        """Fail, as without a socket."""
        self.told.append("close")
        raise ConnectionResetError

    def collect(self) -> None:
        """Forget the connection."""
        self.told.append("collect")


class Transport:
    """A transport whose socket was closed."""

    sock = None


def test_it_leaves_a_connection_that_was_closed_from_the_other_side() -> None:
    frames: Any = Frames.__new__(Frames)
    vars(frames).update(driver=Driver(), _transport=Transport())
    frames.close()
    assert frames.driver.told == ["close", "collect"]
