"""What the platform has sealed for a fleet: tokens and secrets, opened where they are used."""

from workers.processes.sealing import Addressee, SealBroken, unseal


class CannotOpen(Exception):
    """A sealed text cannot be opened on this fleet; the text says why."""


def opened(sealed: str, *, key: str, addressee: Addressee) -> str:
    """Return the text that was sealed for an addressee.

    Raises:
        CannotOpen: the fleet has no key, or another one, or the text is for another request.
    """
    if not key:
        raise CannotOpen("this fleet has no PROCESS_TOKEN_KEY")
    try:
        return unseal(sealed, key=key, addressee=addressee)
    except SealBroken as error:
        raise CannotOpen(str(error)) from None
