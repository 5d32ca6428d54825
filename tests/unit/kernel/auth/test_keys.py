"""Keys are strong enough, or the platform does not start."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from regards_processing.kernel.auth.keys import KeyRefused, public_key, secret_key
from tests.factories.tokens import SECRET, rsa_public_text

_DEFAULT_OF_REGARDS = "!!!!!==========abcdefghijklmnopqrstuvwxyz0123456789==========!!!!!"


def test_it_takes_the_bytes_of_the_text_for_the_secret() -> None:
    text = "é" * 20 + "abcdefghijklmnopqrstuvwxyz"
    assert secret_key(secret=text, algorithms=["HS512"]).material == text.encode()


@pytest.mark.parametrize(("algorithm", "length"), [("HS256", 31), ("HS384", 47), ("HS512", 63)])
def test_it_refuses_a_secret_that_is_shorter_than_its_digests(algorithm: str, length: int) -> None:
    with pytest.raises(KeyRefused, match=f"has {length} bytes, at least {length + 1} are needed"):
        secret_key(secret=SECRET[:length], algorithms=[algorithm])
    assert secret_key(secret=SECRET[: length + 1], algorithms=[algorithm]).algorithms == (algorithm,)


def test_it_refuses_the_secret_that_everybody_knows() -> None:
    with pytest.raises(KeyRefused, match="published default"):
        secret_key(secret=_DEFAULT_OF_REGARDS)


def test_it_refuses_a_long_secret_that_anybody_could_guess() -> None:
    with pytest.raises(KeyRefused, match="different characters"):
        secret_key(secret="changeme" * 10)


def test_it_never_shows_a_secret() -> None:
    secret = SECRET[:40]
    with pytest.raises(KeyRefused) as refused:
        secret_key(secret=secret)
    assert secret not in str(refused.value)
    assert SECRET not in repr(secret_key(secret=SECRET))


@pytest.mark.parametrize("algorithms", [[], ["none"], ["RS256"], ["HS512", "ES256"]])
def test_it_refuses_algorithms_that_are_not_for_secrets(algorithms: list[str]) -> None:
    with pytest.raises(KeyRefused, match="refused for a secret"):
        secret_key(secret=SECRET, algorithms=algorithms)


@pytest.mark.parametrize("pem", [True, False])
def test_it_reads_a_public_key(*, pem: bool) -> None:
    key = public_key(text=rsa_public_text(pem=pem), algorithms=["RS256", "RS512"], kid="gateway")
    assert (key.kid, key.algorithms) == ("gateway", ("RS256", "RS512"))


def test_it_reads_a_public_key_that_was_broken_into_lines() -> None:
    text = rsa_public_text()
    assert public_key(text=f"{text[:64]}\n {text[64:]}\n", algorithms=["RS256"]).algorithms == ("RS256",)


@pytest.mark.parametrize(
    "text", ["x", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "é"]
)
def test_it_refuses_what_is_no_public_key(text: str) -> None:
    with pytest.raises(KeyRefused, match="neither PEM nor base64"):
        public_key(text=text, algorithms=["RS256"])


def test_it_refuses_a_public_key_of_another_kind() -> None:
    public = generate_private_key(SECP256R1()).public_key()
    text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(KeyRefused, match="not an RSA key"):
        public_key(text=text, algorithms=["RS256"])


def test_it_refuses_a_short_public_key() -> None:
    with pytest.raises(KeyRefused, match="1024 bits, at least 2048 are needed"):
        public_key(text=rsa_public_text(bits=1024), algorithms=["RS256"])


@pytest.mark.parametrize("algorithms", [[], ["none"], ["HS256"], ["RS256", "PS256"]])
def test_it_refuses_algorithms_that_are_not_for_public_keys(algorithms: list[str]) -> None:
    with pytest.raises(KeyRefused, match="refused for a public key"):
        public_key(text=rsa_public_text(), algorithms=algorithms)
