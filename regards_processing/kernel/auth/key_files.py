"""The file of keys that ``REGARDS_JWT_KEYS_FILE`` names. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

from regards_processing.kernel.auth.keys import Key, KeyRefused, KeySet, public_key, secret_key

_FIELDS: Final = frozenset({"kid", "algorithms", "secret", "publicKey", "signs"})


def key_set(*, document: str = "", secret: str = "") -> KeySet:
    """Return the keys of a key file, with the secret that stands apart from it, where there is one.

    The key of the file that says ``"signs": true`` signs; without one, the secret does.

    Raises:
        KeyRefused: a key cannot be used; the text says which.
    """
    keys, signing = _file_keys(document) if document else ([], None)
    if secret:
        single = secret_key(secret=secret)
        keys, signing = [*keys, single], signing or single
    return KeySet(keys=tuple(keys), signing=signing)


def _file_keys(document: str) -> tuple[list[Key], Key | None]:
    try:
        content = json.loads(document)
    except ValueError as error:
        raise KeyRefused(f"the file is not JSON: {error}") from None
    entries = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise KeyRefused('an object {"keys": [{…}, …]} is expected')
    keys = [_numbered_key(entry, number) for number, entry in enumerate(entries, start=1)]
    named = [key.kid for key in keys if key.kid is not None]
    if len(named) > len(set(named)):
        raise KeyRefused('two keys have the same "kid"')
    signing = [key for key, entry in zip(keys, entries, strict=True) if entry.get("signs")]
    if len(signing) > 1:
        raise KeyRefused('several keys say "signs": true, one may')
    return keys, signing[0] if signing else None


def _numbered_key(entry: Any, number: int) -> Key:
    try:
        return _key(_checked(entry))
    except KeyRefused as error:
        raise KeyRefused(f"key {number}: {error}") from None


def _checked(entry: Any) -> Mapping[str, Any]:
    """Return an entry whose fields are known and have the right types."""
    if not isinstance(entry, dict):
        raise KeyRefused("an object is expected")
    if unknown := sorted(entry.keys() - _FIELDS):
        raise KeyRefused(f"unknown fields {unknown}; known are {', '.join(sorted(_FIELDS))}")
    if ("secret" in entry) == ("publicKey" in entry):
        raise KeyRefused('either "secret" or "publicKey" is expected')
    for name in ("kid", "secret", "publicKey"):
        if name in entry and not (isinstance(entry[name], str) and entry[name]):
            raise KeyRefused(f'"{name}" must be a text that is not empty')
    if not isinstance(entry.get("signs", False), bool):
        raise KeyRefused('"signs" must be true or false')
    algorithms = entry.get("algorithms")
    if not isinstance(algorithms, list) or not all(isinstance(name, str) for name in algorithms):
        raise KeyRefused('"algorithms" must be a list of texts')
    return entry


def _key(entry: Mapping[str, Any]) -> Key:
    kid, algorithms = entry.get("kid"), entry["algorithms"]
    if "secret" in entry:
        return secret_key(secret=entry["secret"], algorithms=algorithms, kid=kid)
    if entry.get("signs"):
        raise KeyRefused("a public key cannot sign")
    return public_key(text=entry["publicKey"], algorithms=algorithms, kid=kid)
