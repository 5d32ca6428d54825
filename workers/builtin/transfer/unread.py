"""Bytes that are sent and that the other end does not take."""

import socket
import sys


def give_up_unread(connection: socket.socket, *, after: int) -> None:
    """Have a connection end when for so many seconds nothing is taken of what was sent.

    Only on Linux; elsewhere the system itself ends those to hosts that are gone, and no others.
    """
    if sys.platform == "linux":
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, after * 1000)
