"""Values that nobody may read in the database: encrypted with a key made from ``SECRET_KEY``.

Note: how secrets are kept.
    REST shows the encrypted text. A client that sends it back has changed nothing, and it stays; any other
    text is a new value. A configuration file holds secrets in clear: what is exported imports elsewhere.
    After ``SECRET_KEY`` has been changed, values are still read while the old key is in
    ``SECRET_KEY_FALLBACKS``.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from regards_processing.processing.plugin_values import PluginValues, StoredParameter
from workers.processes.plugin import ProcessPlugin
from workers.processes.registry import Plugins

_PURPOSE: Final = b"plugin parameters:"


def sealed(*, values: PluginValues, plugins: Plugins) -> PluginValues:
    """Return a configuration with its secrets encrypted; those that are already stay as they are."""
    return _changed(values, plugins, _seal)


def opened(*, values: PluginValues, plugins: Plugins) -> PluginValues:
    """Return a configuration with its secrets in clear."""
    return _changed(values, plugins, _open)


def unreadable(*, values: PluginValues, plugins: Plugins) -> list[str]:
    """Return the names of stored secrets that are in clear, or encrypted with a key that is not known."""
    plugin = plugins.get(values.plugin_id)
    secret = _secret_names(plugin) if plugin else frozenset()
    return [
        each.name
        for each in values.parameters
        if each.name in secret
        and any(isinstance(text, str) and not _is_sealed(text) for text in (each.value, *each.dynamic_values))
    ]


def sealed_texts(*, given: Mapping[str, str], plugin: type[ProcessPlugin]) -> dict[str, str]:
    """Return the values that an order gives, the secret ones encrypted.

    Always: what is encrypted already is a secret that somebody saw by REST, and none of the order's.
    """
    secret = _secret_names(plugin)
    return {
        name: _ciphers().encrypt(text.encode()).decode() if name in secret else text
        for name, text in given.items()
    }


def opened_texts(*, given: Mapping[str, str], plugin: type[ProcessPlugin]) -> dict[str, str]:
    """Return the values that an order gave in clear."""
    secret = _secret_names(plugin)
    return {name: _open(text) if name in secret else text for name, text in given.items()}


def _changed(values: PluginValues, plugins: Plugins, change: Callable[[str], str]) -> PluginValues:
    plugin = plugins.get(values.plugin_id)
    secret = _secret_names(plugin) if plugin else frozenset()
    if not secret:
        return values
    parameters = tuple(
        _with_texts(each, change) if each.name in secret else each for each in values.parameters
    )
    return replace(values, parameters=parameters)


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
    return text if _is_sealed(text) else _ciphers().encrypt(text.encode()).decode()


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
