"""A token proves who calls, or it is refused."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import jwt
import pytest

from regards_processing.kernel.auth import tokens
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.keys import KeySet, public_key, secret_key
from tests.factories.tokens import (
    OTHER_SECRET,
    SECRET,
    claims,
    keys,
    rsa_private_key,
    rsa_public_text,
    signed,
    soon,
    unsigned,
)

_ADA = Caller(tenant="default", login="ada", email="ada@example.org", role="EXPLOIT")


def _verify(token: str, *, trusted: KeySet | None = None, leeway: float = 0) -> Caller:
    return tokens.verify(token=token, keys=trusted or keys(), leeway=timedelta(seconds=leeway))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_it_believes_what_is_signed_with_the_secret(algorithm: str) -> None:
    assert _verify(signed(claims(), algorithm=algorithm)) == _ADA


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_it_believes_what_is_signed_with_the_private_key(algorithm: str) -> None:
    trusted = keys(public_key(text=rsa_public_text(), algorithms=[algorithm]))
    token = jwt.encode(claims(), rsa_private_key(), algorithm=algorithm)
    assert _verify(token, trusted=trusted) == _ADA


def test_it_knows_the_access_groups() -> None:
    assert _verify(signed(claims(accessGroups=["a", "b"]))).access_groups == ("a", "b")


@pytest.mark.parametrize("groups", [None, []])
def test_it_takes_a_token_without_access_groups(groups: list[str] | None) -> None:
    assert _verify(signed(claims(accessGroups=groups))).access_groups == ()


def test_it_says_in_the_words_that_the_user_interface_looks_for_that_a_token_is_over() -> None:
    with pytest.raises(tokens.TokenExpired, match=r"io\.jsonwebtoken\.ExpiredJwtException") as refused:
        _verify(signed(claims(exp=soon(seconds=-1))))
    assert refused.value.http_status == 401


def test_it_lets_clocks_differ_a_little() -> None:
    token = signed(claims(exp=soon(seconds=-20)))
    assert _verify(token, leeway=30) == _ADA
    with pytest.raises(tokens.TokenExpired):
        _verify(token, leeway=10)


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_it_refuses_a_token_of_the_future(claim: str) -> None:
    with pytest.raises(tokens.TokenRefused, match="not yet valid"):
        _verify(signed(claims(**{claim: soon(seconds=100)})), leeway=30)


def test_it_refuses_the_signature_of_another_secret() -> None:
    with pytest.raises(tokens.TokenRefused, match="signature"):
        _verify(signed(claims(), secret=OTHER_SECRET))


def test_it_refuses_claims_that_were_changed_after_the_signature() -> None:
    header, _, signature = signed(claims()).split(".")
    content = signed(claims(role="INSTANCE_ADMIN")).split(".")[1]
    with pytest.raises(tokens.TokenRefused, match="signature"):
        _verify(f"{header}.{content}.{signature}")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS1", None, 7, ["HS512"], {}])
def test_it_refuses_an_unsigned_token(algorithm: Any) -> None:
    with pytest.raises(tokens.TokenRefused, match="no trusted key"):
        _verify(unsigned(claims(), alg=algorithm))


def test_it_refuses_a_token_without_signature_whose_header_names_one() -> None:
    with pytest.raises(tokens.TokenRefused, match="signature"):
        _verify(unsigned(claims(), alg="HS512"))


def test_it_refuses_a_token_that_says_nothing_about_its_signature() -> None:
    with pytest.raises(tokens.TokenRefused, match="no trusted key"):
        _verify(unsigned(claims()))


def test_it_never_takes_a_public_key_for_a_secret() -> None:
    text = rsa_public_text(pem=True)
    trusted = keys(public_key(text=text, algorithms=["RS256"]))
    parts = unsigned(claims(), alg="HS256").split(".")[:2]
    digest = hmac.new(text.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
    signature = jwt.utils.base64url_encode(digest).decode()
    with pytest.raises(tokens.TokenRefused, match="no trusted key"):
        _verify(".".join([*parts, signature]), trusted=trusted)


def test_it_refuses_an_algorithm_that_the_key_is_not_meant_for() -> None:
    trusted = keys(secret_key(secret=SECRET, algorithms=["HS256"]))
    with pytest.raises(tokens.TokenRefused, match="'HS512': there is no trusted key"):
        _verify(signed(claims(), algorithm="HS512"), trusted=trusted)


@pytest.mark.parametrize("cut", [1, 10, 60, 200])
def test_it_refuses_a_token_that_lost_its_end(cut: int) -> None:
    with pytest.raises(tokens.TokenRefused):
        _verify(signed(claims())[:-cut])


@pytest.mark.parametrize(
    "text", ["", "x", "a.b", "a.b.c", "....", "é.é.é", "null", "e30.e30.e30", "bnVsbA.e30.e30", "\x00"]
)
def test_it_refuses_what_is_no_token(text: str) -> None:
    with pytest.raises(tokens.TokenRefused):
        _verify(text)


@pytest.mark.parametrize("claim", ["tenant", "sub", "email", "role", "exp"])
def test_it_names_a_claim_that_is_missing(claim: str) -> None:
    with pytest.raises(tokens.TokenRefused, match=claim):
        _verify(signed(claims(**{claim: ...})))


@pytest.mark.parametrize("claim", ["tenant", "email", "role"])
@pytest.mark.parametrize("value", ["", "  ", 7, True, ["x"], {"a": 1}, "x" * 256, "a\x00b", "a\nb"])
def test_it_names_a_claim_that_is_no_plain_text(claim: str, value: Any) -> None:
    with pytest.raises(tokens.TokenRefused, match=f"'{claim}' of the token must be a text"):
        _verify(signed(claims(**{claim: value})))


@pytest.mark.parametrize("value", ["", "  ", "x" * 256, "a\x00b"])
def test_it_names_a_login_that_is_no_plain_text(value: str) -> None:
    with pytest.raises(tokens.TokenRefused, match="'sub' of the token must be a text"):
        _verify(signed(claims(sub=value)))


@pytest.mark.parametrize("value", ["soon", [], {}, "9" * 400, "1795351320"])
def test_it_refuses_an_expiry_that_is_no_time(value: Any) -> None:
    with pytest.raises(tokens.TokenRefused):
        _verify(signed(claims(exp=value)))


@pytest.mark.parametrize("value", ["a", {"a": 1}, [1], [["a"]], [""], 3])
def test_it_refuses_access_groups_that_are_no_list_of_texts(value: Any) -> None:
    with pytest.raises(tokens.TokenRefused, match="'accessGroups' of the token must be a list"):
        _verify(signed(claims(accessGroups=value)))


def test_it_refuses_a_token_that_is_meant_for_somebody_else() -> None:
    with pytest.raises(tokens.TokenRefused, match="audience"):
        _verify(signed(claims(aud="another-platform")))


def test_it_tries_every_key_that_fits_when_the_token_names_none() -> None:
    trusted = keys(secret_key(secret=OTHER_SECRET, kid="new"), secret_key(secret=SECRET, kid="old"))
    assert _verify(signed(claims()), trusted=trusted) == _ADA


def test_it_believes_the_key_that_the_token_names() -> None:
    trusted = keys(secret_key(secret=OTHER_SECRET, kid="new"), secret_key(secret=SECRET, kid="old"))
    assert _verify(signed(claims(), kid="old"), trusted=trusted) == _ADA


def test_it_refuses_a_token_that_names_one_key_and_is_signed_with_another() -> None:
    trusted = keys(secret_key(secret=OTHER_SECRET, kid="new"), secret_key(secret=SECRET, kid="old"))
    with pytest.raises(tokens.TokenRefused, match="signature"):
        _verify(signed(claims(), kid="new"), trusted=trusted)


def test_it_refuses_a_key_that_nobody_knows() -> None:
    with pytest.raises(tokens.TokenRefused, match="no trusted key for that named 'lost'"):
        _verify(signed(claims(), kid="lost"))


@pytest.mark.parametrize("kid", [None, 7, ["a"]])
def test_it_refuses_the_name_of_a_key_that_is_no_text(kid: Any) -> None:
    with pytest.raises(tokens.TokenRefused, match="Key ID"):
        _verify(unsigned(claims(), alg="HS512", kid=kid))


def test_it_shows_little_of_what_strangers_write() -> None:
    with pytest.raises(tokens.TokenRefused) as refused:
        _verify(unsigned(claims(), alg="HS512", kid="x\n" * 2000))
    assert len(str(refused.value)) < 200
    assert "\n" not in str(refused.value)
