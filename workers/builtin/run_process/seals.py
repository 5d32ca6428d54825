"""What the platform has sealed for a fleet: tokens and secrets, opened where they are used."""

from workers.processes.sealing import SealBroken, unseal


class CannotOpen(Exception):
    """A sealed text cannot be opened on this fleet; the text says why."""


def opened(sealed: str, *, key: str) -> str:
    """Return the text that was sealed.

    Raises:
        CannotOpen: the fleet has no key, or another one.
    """
    if not key:
        raise CannotOpen("this fleet has no PROCESS_TOKEN_KEY")
    try:
        return unseal(sealed, key=key)
    except SealBroken:
        raise CannotOpen("this fleet has another PROCESS_TOKEN_KEY than the platform") from None
