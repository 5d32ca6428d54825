"""What is sealed for one request opens for no other one."""

import base64
import hashlib
import time
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet, InvalidToken

from workers.processes.sealing import TOKEN, Addressee, SealBroken, seal, unseal

_KEY = "shared"
_MINE = Addressee(tenant="demo", request_id="r-1", part=TOKEN)
_DAY = 86_400
_BEFORE = Fernet(base64.urlsafe_b64encode(hashlib.sha256(_KEY.encode()).digest()))


def test_it_opens_what_was_sealed_for_it() -> None:
    assert (
        unseal(seal("t0ken \u00e9", key=_KEY, addressee=_MINE), key=_KEY, addressee=_MINE) == "t0ken \u00e9"
    )


@pytest.mark.parametrize("change", [{"tenant": "other"}, {"request_id": "r-2"}, {"part": "parameters of A"}])
def test_it_opens_nothing_that_is_for_another_one(change: dict[str, str]) -> None:
    sealed = seal("t0ken", key=_KEY, addressee=_MINE)
    with pytest.raises(SealBroken, match="it was sealed for another request"):
        unseal(sealed, key=_KEY, addressee=replace(_MINE, **change))


def test_it_opens_nothing_with_another_key() -> None:
    sealed = seal("t0ken", key="other", addressee=_MINE)
    with pytest.raises(SealBroken, match="another PROCESS_TOKEN_KEY"):
        unseal(sealed, key=_KEY, addressee=_MINE)


def test_it_opens_what_an_earlier_release_sealed_of_late() -> None:
    sealed = _BEFORE.encrypt_at_time(b"t0ken", int(time.time()) - 7 * _DAY + 60)
    assert unseal(sealed.decode(), key=_KEY, addressee=_MINE) == "t0ken"


def test_it_opens_nothing_that_an_earlier_release_sealed_long_ago() -> None:
    sealed = _BEFORE.encrypt_at_time(b"t0ken", int(time.time()) - 7 * _DAY - 60)
    with pytest.raises(SealBroken, match="an earlier release sealed it, more than 7 days ago"):
        unseal(sealed.decode(), key=_KEY, addressee=_MINE)


def test_earlier_releases_cannot_open_it_instead_of_misreading_it() -> None:
    with pytest.raises(InvalidToken):
        _BEFORE.decrypt(seal("t0ken", key=_KEY, addressee=_MINE).encode())
