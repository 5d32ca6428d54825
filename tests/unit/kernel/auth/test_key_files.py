"""Several keys come from a file; what is wrong in it is named."""

import json
from typing import Any

import pytest

from regards_processing.kernel.auth.key_files import key_set
from regards_processing.kernel.auth.keys import KeyRefused, NoSigningKey
from tests.factories.tokens import OTHER_SECRET, SECRET, rsa_public_text

_NEW: dict[str, Any] = {"kid": "new", "algorithms": ["HS512"], "secret": SECRET, "signs": True}
_OLD: dict[str, Any] = {"kid": "old", "algorithms": ["HS512", "HS256"], "secret": OTHER_SECRET}


def _document(*entries: Any) -> str:
    return json.dumps({"keys": list(entries)})


def test_it_reads_secrets_and_public_keys() -> None:
    public = {"algorithms": ["RS256"], "publicKey": rsa_public_text()}
    found = key_set(document=_document(_NEW, _OLD, public))
    assert [(key.kid, key.algorithms) for key in found.keys] == [
        ("new", ("HS512",)),
        ("old", ("HS512", "HS256")),
        (None, ("RS256",)),
    ]
    assert found.to_sign().kid == "new"


def test_it_adds_the_secret_that_stands_apart() -> None:
    found = key_set(document=_document(_OLD), secret=SECRET)
    assert [key.kid for key in found.keys] == ["old", None]
    assert found.to_sign().material == SECRET.encode()


def test_it_signs_with_the_key_of_the_file_that_says_so() -> None:
    assert key_set(document=_document(_NEW), secret=OTHER_SECRET).to_sign().kid == "new"


def test_it_signs_nothing_when_no_key_says_so() -> None:
    with pytest.raises(NoSigningKey):
        key_set(document=_document(_OLD)).to_sign()


@pytest.mark.parametrize("document", ["{", "[]", "null", "{}", '{"keys": []}', '{"keys": {}}', '"keys"'])
def test_it_refuses_a_file_that_lists_no_keys(document: str) -> None:
    with pytest.raises(KeyRefused, match=r"JSON|an object"):
        key_set(document=document)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"algorithm": "HS512"}, r"unknown fields \['algorithm'\]"),
        ({"publicKey": "x"}, 'either "secret" or "publicKey"'),
        ({"secret": ""}, '"secret" must be a text'),
        ({"secret": 7}, '"secret" must be a text'),
        ({"kid": ""}, '"kid" must be a text'),
        ({"signs": "yes"}, '"signs" must be true or false'),
        ({"algorithms": "HS512"}, '"algorithms" must be a list'),
        ({"algorithms": [7]}, '"algorithms" must be a list'),
        ({"algorithms": ["none"]}, "refused for a secret"),
        ({"secret": "short"}, "5 bytes"),
    ],
)
def test_it_names_the_key_that_is_wrong(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(KeyRefused, match=f"key 2: .*{said}"):
        key_set(document=_document(_NEW, _OLD | changed))


@pytest.mark.parametrize("entry", [{}, "x", None, {"algorithms": ["HS512"]}])
def test_it_refuses_an_entry_that_is_no_key(entry: Any) -> None:
    with pytest.raises(KeyRefused, match="key 1: "):
        key_set(document=_document(entry))


def test_it_refuses_a_public_key_that_should_sign() -> None:
    public = {"algorithms": ["RS256"], "publicKey": rsa_public_text(), "signs": True}
    with pytest.raises(KeyRefused, match="a public key cannot sign"):
        key_set(document=_document(public))


def test_it_refuses_two_keys_of_one_name() -> None:
    with pytest.raises(KeyRefused, match='the same "kid"'):
        key_set(document=_document(_OLD, _OLD))


def test_it_refuses_two_keys_that_sign() -> None:
    with pytest.raises(KeyRefused, match="several keys"):
        key_set(document=_document(_NEW, _OLD | {"signs": True}))


def test_it_shows_no_secret_of_a_file_that_is_wrong() -> None:
    with pytest.raises(KeyRefused) as refused:
        key_set(document=_document(_NEW | {"secret": SECRET[:40]}))
    assert SECRET[:40] not in str(refused.value)
