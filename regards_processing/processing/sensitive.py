"""Values that nobody may read in the database: encrypted with a key made from ``SECRET_KEY``.

Note: how secrets are kept.
    REST shows the encrypted text. A client that sends it back, for the same parameter of the same
    configuration, has changed nothing, and it stays. Any other text is a new value, also one that is
    encrypted: many may see those of configurations that are not theirs, and none of them is to have one
    opened by putting it into a configuration of theirs. A configuration file holds secrets in clear: what is
    exported imports elsewhere.
    After ``SECRET_KEY`` has been changed, values are still read while the old key is in
    ``SECRET_KEY_FALLBACKS``.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from regards_processing.processing.plugin_values import PluginValues, StoredParameter
from workers.processes.plugin import ProcessPlugin
from workers.processes.registry import Plugins

_PURPOSE: Final = b"plugin parameters:"


def sealed(*, wanted: PluginValues, stored: PluginValues | None, plugins: Plugins) -> PluginValues:
    """Return a configuration with its secrets encrypted.

    Those stay as they are that the replaced configuration has encrypted for the same parameter.

    Args:
        stored: the configuration that is replaced; ``None`` when there is none, and all secrets are new.
    """
    kept = _sealed_by_name(stored, plugins) if stored else {}
    return _changed(wanted, plugins, lambda name, text: text if text in kept.get(name, ()) else _seal(text))


def opened(*, values: PluginValues, plugins: Plugins) -> PluginValues:
    """Return a configuration with its secrets in clear."""
    return _changed(values, plugins, lambda _, text: _open(text))


def unreadable(*, values: PluginValues, plugins: Plugins) -> list[str]:
    """Return the names of stored secrets that are in clear, or encrypted with a key that is not known."""
    return [
        each.name
        for _, each in _secrets(values, plugins)
        if any(not _is_sealed(text) for text in _texts(each))
    ]


def sealed_texts(*, given: Mapping[str, str], plugin: type[ProcessPlugin]) -> dict[str, str]:
    """Return the values that an order gives, the secret ones encrypted.

    Always: what is encrypted already is a secret that somebody saw by REST, and none of the order's.
    """
    secret = _secret_names(plugin)
    return {name: _seal(text) if name in secret else text for name, text in given.items()}


def opened_texts(*, given: Mapping[str, str], plugin: type[ProcessPlugin]) -> dict[str, str]:
    """Return the values that an order gave in clear."""
    secret = _secret_names(plugin)
    return {name: _open(text) if name in secret else text for name, text in given.items()}


def _changed(values: PluginValues, plugins: Plugins, change: Callable[[str, str], str]) -> PluginValues:
    """Return a configuration with the texts of its secrets changed, by their parameter and themselves."""
    changed = {
        each.name: _with_texts(each, partial(change, name)) for name, each in _secrets(values, plugins)
    }
    parameters = tuple(changed.get(each.name, each) for each in values.parameters)
    return replace(values, parameters=parameters)


def _secrets(values: PluginValues, plugins: Plugins) -> Iterator[tuple[str, StoredParameter]]:
    """Return the secret parameters of a configuration, each with the name that its plugin has for it."""
    plugin = plugins.get(values.plugin_id)
    for each in values.parameters:
        declared = plugin.metadata.parameter(each.name) if plugin else None
        if declared is not None and declared.sensitive:
            yield declared.name, each


def _sealed_by_name(values: PluginValues, plugins: Plugins) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, each in _secrets(values, plugins):
        found.setdefault(name, set()).update(filter(_is_sealed, _texts(each)))
    return found


def _texts(parameter: StoredParameter) -> list[str]:
    return [each for each in (parameter.value, *parameter.dynamic_values) if isinstance(each, str)]


def _with_texts(parameter: StoredParameter, change: Callable[[str], str]) -> StoredParameter:
    """Return a parameter with its value, and those that orders may give, changed where they are texts."""
    value, *allowed = (
        change(each) if isinstance(each, str) else each
        for each in (parameter.value, *parameter.dynamic_values)
    )
    return replace(parameter, value=value, dynamic_values=tuple(allowed))


def _secret_names(plugin: type[ProcessPlugin]) -> frozenset[str]:
    declared = plugin.metadata.parameters
    return frozenset(name for each in declared if each.sensitive for name in (each.name, *each.aliases))


def _seal(text: str) -> str:
    return _ciphers().encrypt(text.encode()).decode()


def _is_sealed(text: str) -> bool:
    try:
        _ciphers().decrypt(text)
    except InvalidToken:
        return False
    return True


def _open(text: str) -> str:
    try:
        return _ciphers().decrypt(text).decode()
    except InvalidToken:
        return text


def _ciphers() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(_PURPOSE + str(key).encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
