"""Seal what goes from the platform to a fleet: requests are stored, and operators read them.

Note: a seal is for one request.
    Whoever may read a request could put what is sealed in it into another one, whose program he chose, and
    have it opened there. So a seal holds, beside its text, which request it is for and what it is there; a
    fleet compares this with the request that it carries out. Earlier releases sealed the text alone. What
    they sealed is opened for as long as an execution waits for its fleet, unless configured otherwise: an
    update, fleets first, fails none.
"""

import base64
import hashlib
import json
import time
from dataclasses import astuple, dataclass
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

#: Name, among the secrets below ``REGARDS_VAR``, of the key that an embedded platform makes for itself.
GENERATED_KEY: Final = "process-token"
#: What is sealed for a request: the token of who ordered it.
TOKEN: Final = "token"  # noqa: S105 (what it is called, not what it is)
#: Days in which a fleet opens what names no request.
_UNBOUND_DAYS: Final = 7


class SealBroken(ValueError):
    """A sealed text cannot be opened here; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """What a sealed text is for."""

    tenant: str
    request_id: str
    #: What it is in that request: `TOKEN`, or `parameters_of` a plugin.
    part: str


def parameters_of(plugin_id: str) -> str:
    """Return what the secret parameters of a plugin are called in a request."""
    return f"parameters of {plugin_id}"


def seal(text: str, *, key: str, addressee: Addressee) -> str:
    """Return a text that only who has the key can read, and opens for this addressee alone."""
    return _bound_box(key).encrypt(json.dumps([*astuple(addressee), text]).encode()).decode("ascii")


def unseal(sealed: str, *, key: str, addressee: Addressee) -> str:
    """Return the text that was sealed for an addressee.

    Raises:
        SealBroken: another key was used, the text is damaged, or it is for somebody else.
    """
    try:
        opened = _bound_box(key).decrypt(sealed.encode())
    except InvalidToken:
        return _unsealed_unbound(sealed, key)
    *meant, text = json.loads(opened)
    if tuple(meant) != astuple(addressee):
        raise SealBroken("it was sealed for another request")
    return str(text)


def _unsealed_unbound(sealed: str, key: str) -> str:
    """Return what an earlier release sealed, of late."""
    box = _box(key)
    try:
        text = box.decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken("this fleet has another PROCESS_TOKEN_KEY than the platform") from None
    if time.time() - box.extract_timestamp(sealed.encode()) > _UNBOUND_DAYS * 86_400:
        raise SealBroken(f"an earlier release sealed it, more than {_UNBOUND_DAYS} days ago")
    return text


def _bound_box(key: str) -> Fernet:
    """Return the box of seals that say what they are for: earlier releases fail at it, and misread none."""
    return _box(f"for one request\0{key}")


def _box(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))
