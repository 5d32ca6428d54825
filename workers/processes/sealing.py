"""Seal what goes from the platform to a fleet: requests are stored, and operators read them."""

import base64
import hashlib
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

#: Name, among the secrets below ``REGARDS_VAR``, of the key that an embedded platform makes for itself.
GENERATED_KEY: Final = "process-token"


class SealBroken(ValueError):
    """A sealed text was not sealed with this key."""


def seal(text: str, *, key: str) -> str:
    """Return a text that only who has the key can read."""
    return _box(key).encrypt(text.encode()).decode("ascii")


def unseal(sealed: str, *, key: str) -> str:
    """Return the text that was sealed.

    Raises:
        SealBroken: another key was used, or the text is damaged.
    """
    try:
        return _box(key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None


def _box(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))
