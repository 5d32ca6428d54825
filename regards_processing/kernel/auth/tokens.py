"""Sign and verify tokens: JWT with the claims of REGARDS. Pure, but for the clock that the library reads."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from regards_processing.kernel.auth.identity import MAX_TEXT, Caller, is_plain_text
from regards_processing.kernel.auth.keys import Key, KeySet
from regards_processing.kernel.errors import DomainError

_REQUIRED: Final = ("tenant", "sub", "email", "role", "exp")
_SHOWN: Final = 80


class TokenRefused(DomainError):
    """The token is not valid."""

    code = "TOKEN_REFUSED"
    http_status = 401


class TokenExpired(TokenRefused):
    """io.jsonwebtoken.ExpiredJwtException: the token has expired."""

    # The user interface of REGARDS looks for that name to show "Session expired".
    code = "TOKEN_EXPIRED"


def sign(*, caller: Caller, key: Key, issued_at: datetime, expires_at: datetime) -> str:
    """Return a token for an identity, signed with a secret."""
    claims: dict[str, Any] = {
        "tenant": caller.tenant,
        "sub": caller.login,
        "email": caller.email,
        "role": caller.role,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    if caller.access_groups:
        claims["accessGroups"] = list(caller.access_groups)
    headers = None if key.kid is None else {"kid": key.kid}
    return jwt.encode(claims, key.material, algorithm=key.algorithms[0], headers=headers)  # type: ignore[arg-type] # a secret


def verify(*, token: str, keys: KeySet, leeway: timedelta) -> Caller:
    """Return the identity that a token proves.

    Args:
        token: the compact form of a JWT.
        keys: the keys that are trusted.
        leeway: how far clocks may differ.

    Raises:
        TokenExpired: its time is over.
        TokenRefused: it proves nothing; the text says why.
    """
    candidates = _candidates(token, keys)
    for key in candidates:
        try:
            return _caller(_claims(token, key, leeway))
        except jwt.InvalidSignatureError:
            continue
    raise TokenRefused("The signature of the token is wrong")


def _candidates(token: str, keys: KeySet) -> list[Key]:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise TokenRefused(f"The token is not a JWT: {error}") from None
    kid, algorithm = header.get("kid"), header.get("alg")
    candidates = keys.candidates(kid=kid, algorithm=str(algorithm))
    if not candidates:
        named = "" if kid is None else f" named {_shown(kid)}"
        raise TokenRefused(f"The token says {_shown(algorithm)}: there is no trusted key for that{named}")
    return candidates


def _shown(value: object) -> str:
    """Return what a stranger wrote, fit for a log line."""
    return repr(value)[:_SHOWN]


def _claims(token: str, key: Key, leeway: timedelta) -> Mapping[str, Any]:
    try:
        return jwt.decode(
            token,
            key.material,
            algorithms=key.algorithms,
            leeway=leeway,
            options={"require": list(_REQUIRED)},
        )
    except jwt.InvalidSignatureError:
        raise
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except jwt.InvalidTokenError as error:
        raise TokenRefused(f"The token is refused: {error}") from None


def _caller(claims: Mapping[str, Any]) -> Caller:
    # The library takes a text of digits for a time as well.
    if not isinstance(claims["exp"], int | float):
        raise TokenRefused("The claim 'exp' of the token must be a number of seconds")
    return Caller(
        tenant=_text(claims, "tenant"),
        login=_text(claims, "sub"),
        email=_text(claims, "email"),
        role=_text(claims, "role"),
        access_groups=_texts(claims, "accessGroups"),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims[name]
    if not is_plain_text(value):
        raise TokenRefused(
            f"The claim {name!r} of the token must be a text of 1 to {MAX_TEXT} printable characters"
        )
    return str(value)


def _texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = claims.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(is_plain_text(value) for value in values):
        raise TokenRefused(f"The claim {name!r} of the token must be a list of texts")
    return tuple(values)
