"""Keys and tokens, good and bad."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from regards_processing.kernel.auth.keys import Key, KeySet, secret_key

#: Secrets long enough for every algorithm.
SECRET = "test-secret-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
OTHER_SECRET = SECRET[::-1]


def claims(**changed: Any) -> dict[str, Any]:
    """Return the claims of a good token; a claim that is given as ``...`` is left out."""
    good = {
        "tenant": "default",
        "sub": "ada",
        "email": "ada@example.org",
        "role": "EXPLOIT",
        "exp": soon(),
    }
    return {name: value for name, value in (good | changed).items() if value is not ...}


def soon(*, seconds: float = 600) -> int:
    """Return a time from now on, as claims tell it."""
    return int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp())


def signed(
    content: Mapping[str, Any],
    *,
    secret: str = SECRET,
    algorithm: str = "HS512",
    kid: str | None = None,
) -> str:
    """Return claims signed with a secret."""
    headers = None if kid is None else {"kid": kid}
    return jwt.encode(dict(content), secret, algorithm=algorithm, headers=headers)


def session_token(**changed: Any) -> str:
    """Return a token signed with the key of the running session."""
    key: Key = settings.JWT_KEYS.to_sign()
    return jwt.encode(claims(**changed), key.material, algorithm=key.algorithms[0])  # type: ignore[arg-type] # a secret


def unsigned(content: Mapping[str, Any], *, signature: str = "", **header: Any) -> str:
    """Return a token whose header and signature are made up."""
    return ".".join((_segment(header), _segment(content), signature))


def keys(*given: Key, signing: Key | None = None) -> KeySet:
    """Return a set of keys; by default that of `SECRET`, which signs."""
    chosen = given or (secret_key(secret=SECRET),)
    return KeySet(keys=chosen, signing=signing or chosen[0])


def rsa_private_key(*, bits: int = 2048) -> RSAPrivateKey:
    """Return a private key; always the same one of a size, since making it takes long."""
    return _private_key(bits)


def rsa_public_text(*, pem: bool = False, bits: int = 2048) -> str:
    """Return the public key that belongs to it: base64 of DER, or PEM."""
    public = rsa_private_key(bits=bits).public_key()
    if pem:
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@cache
def _private_key(bits: int) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=bits)


def _segment(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
