"""Tokens that we sign are what REGARDS expects, and what we believe ourselves."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from regards_processing.kernel.auth import tokens
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.keys import Key, NoSigningKey, public_key, secret_key
from tests.factories.tokens import OTHER_SECRET, SECRET, keys, rsa_public_text

_AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
_ADA = Caller(
    tenant="demo", login="ada", email="ada@example.org", role="ADMIN", access_groups=("scientists",)
)


def _signed(key: Key, *, caller: Caller = _ADA) -> str:
    return tokens.sign(caller=caller, key=key, issued_at=_AT, expires_at=_AT + timedelta(hours=2))


def test_it_writes_the_claims_of_the_contract() -> None:
    token = _signed(secret_key(secret=SECRET))
    assert jwt.decode(token, options={"verify_signature": False}) == {
        "tenant": "demo",
        "sub": "ada",
        "email": "ada@example.org",
        "role": "ADMIN",
        "accessGroups": ["scientists"],
        "iat": 1748779200,
        "exp": 1748786400,
    }


def test_it_signs_with_hs512_and_names_no_key() -> None:
    header = jwt.get_unverified_header(_signed(secret_key(secret=SECRET)))
    assert header == {"alg": "HS512", "typ": "JWT"}


def test_it_signs_with_the_first_algorithm_of_a_key_and_names_it() -> None:
    key = secret_key(secret=SECRET, algorithms=["HS256", "HS512"], kid="k1")
    assert jwt.get_unverified_header(_signed(key)) == {"alg": "HS256", "typ": "JWT", "kid": "k1"}


def test_it_believes_its_own_tokens() -> None:
    now = datetime.now(UTC)
    trusted = keys()
    token = tokens.sign(
        caller=_ADA, key=trusted.to_sign(), issued_at=now, expires_at=now + timedelta(minutes=1)
    )
    assert tokens.verify(token=token, keys=trusted, leeway=timedelta(0)) == _ADA


def test_it_signs_with_the_secret_of_a_name() -> None:
    old = secret_key(secret=SECRET, kid="old")
    trusted = keys(secret_key(secret=OTHER_SECRET, kid="new"), old)
    assert (trusted.to_sign().kid, trusted.to_sign(kid="old")) == ("new", old)


def test_it_signs_with_no_public_key_and_with_no_key_that_nobody_knows() -> None:
    public = public_key(text=rsa_public_text(), algorithms=["RS256"], kid="gateway")
    for kid in ("gateway", "lost"):
        with pytest.raises(NoSigningKey, match=f"no secret key '{kid}'"):
            keys(public).to_sign(kid=kid)
