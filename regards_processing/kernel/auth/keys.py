"""The keys that tokens are signed and verified with. Pure.

Note: a key is bound to its algorithms.
    A token says itself how it was signed. It is believed only as far as a key of ours allows: an RSA public
    key verifies RSA signatures and nothing else, so nobody can sign with its public text as if it were a
    secret.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from regards_processing.kernel.errors import DomainError

#: Algorithm with a shared secret → fewest bytes of the secret (RFC 7518, 3.2).
SECRET_BYTES: Final = {"HS512": 64, "HS384": 48, "HS256": 32}
#: Algorithms with a public key.
PUBLIC_KEY_ALGORITHMS: Final = ("RS512", "RS384", "RS256")
_FEWEST_RSA_BITS: Final = 2048
#: Less than that is no random text.
_FEWEST_CHARACTERS: Final = 10
#: Secrets that everybody knows: the value that the services of REGARDS fall back to.
_KNOWN_SECRETS: Final = frozenset({"!!!!!==========abcdefghijklmnopqrstuvwxyz0123456789==========!!!!!"})
_HOW_TO: Final = "python -c 'import secrets; print(secrets.token_urlsafe(64))' prints a good one"


class KeyRefused(ValueError):
    """A key cannot be used. The text never shows a secret."""


class NoSigningKey(DomainError):
    """This platform signs no tokens: none of its keys is a secret that signs."""

    code = "NO_SIGNING_KEY"
    http_status = 501


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key and the algorithms that it may be used with; the first one signs."""

    #: Name of the key in the header of a token.
    kid: str | None
    algorithms: tuple[str, ...]
    #: A secret, or a public key, which only verifies.
    material: bytes | RSAPublicKey = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """Every key that this platform trusts."""

    keys: tuple[Key, ...]
    #: The key that signs new tokens.
    signing: Key | None

    def candidates(self, *, kid: str | None, algorithm: str) -> list[Key]:
        """Return the keys that a token of this header may be signed with; without a name, all that fit."""
        return [key for key in self.keys if algorithm in key.algorithms and kid in {None, key.kid}]

    def to_sign(self, *, kid: str | None = None) -> Key:
        """Return the key that signs, or the secret of a name.

        Raises:
            NoSigningKey: there is none.
        """
        if kid is None:
            found = self.signing
        else:
            found = next(
                (key for key in self.keys if key.kid == kid and isinstance(key.material, bytes)), None
            )
        if found is None:
            raise NoSigningKey(f"There is no secret key {kid!r}" if kid else "")
        return found


def secret_key(
    *, secret: str, algorithms: Sequence[str] = tuple(SECRET_BYTES), kid: str | None = None
) -> Key:
    """Return the key of a shared secret: the UTF-8 bytes of its text.

    Raises:
        KeyRefused: an algorithm is not one of secrets, or the secret is known, too short or not random.
    """
    _check_algorithms(algorithms, allowed=tuple(SECRET_BYTES), kind="a secret")
    material = secret.encode()
    fewest = max(SECRET_BYTES[algorithm] for algorithm in algorithms)
    if secret in _KNOWN_SECRETS:
        raise KeyRefused(f"this secret is the published default of REGARDS; {_HOW_TO}")
    if len(material) < fewest:
        raise KeyRefused(
            f"the secret has {len(material)} bytes, at least {fewest} are needed "
            f"for {', '.join(algorithms)}; {_HOW_TO}"
        )
    if len(set(secret)) < _FEWEST_CHARACTERS:
        raise KeyRefused(f"the secret has fewer than {_FEWEST_CHARACTERS} different characters; {_HOW_TO}")
    return Key(kid=kid, algorithms=tuple(algorithms), material=material)


def public_key(*, text: str, algorithms: Sequence[str], kid: str | None = None) -> Key:
    """Return the key of an RSA public key: PEM, or base64 of DER as REGARDS configures it.

    Raises:
        KeyRefused: an algorithm is not one of RSA, or the text is no RSA key of at least 2048 bits.
    """
    _check_algorithms(algorithms, allowed=PUBLIC_KEY_ALGORITHMS, kind="a public key")
    try:
        if text.lstrip().startswith("-----BEGIN"):
            material = load_pem_public_key(text.encode())
        else:
            material = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise KeyRefused("the public key is neither PEM nor base64 of DER (SubjectPublicKeyInfo)") from None
    if not isinstance(material, RSAPublicKey):
        raise KeyRefused("the public key is not an RSA key")
    if material.key_size < _FEWEST_RSA_BITS:
        raise KeyRefused(
            f"the public key has {material.key_size} bits, at least {_FEWEST_RSA_BITS} are needed"
        )
    return Key(kid=kid, algorithms=tuple(algorithms), material=material)


def _check_algorithms(algorithms: Sequence[str], *, allowed: Sequence[str], kind: str) -> None:
    unknown = [algorithm for algorithm in algorithms if algorithm not in allowed]
    if unknown or not algorithms:
        raise KeyRefused(
            f"algorithms {unknown} are refused for {kind}: some of {', '.join(allowed)} are expected"
        )
