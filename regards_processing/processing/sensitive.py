"""Values that nobody may read in the database: encrypted with a key made from ``SECRET_KEY``.

Note: how secrets are kept.
    REST shows the encrypted text. A client that sends it back has changed nothing, and it stays; any other
    text is a new value. A configuration file holds secrets in clear: what is exported imports elsewhere.
    After ``SECRET_KEY`` has been changed, values are still read while the old key is in
    ``SECRET_KEY_FALLBACKS``.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from regards_processing.processing.plugin_values import PluginValues, StoredParameter
from workers.processes.registry import Plugins

_PURPOSE: Final = b"plugin parameters:"


def sealed(*, values: PluginValues, plugins: Plugins) -> PluginValues:
    """Return a configuration with its secrets encrypted; those that are already stay as they are."""
    return _changed(values, plugins, _seal)


def opened(*, values: PluginValues, plugins: Plugins) -> PluginValues:
    """Return a configuration with its secrets in clear."""
    return _changed(values, plugins, _open)


def _changed(values: PluginValues, plugins: Plugins, change: Callable[[str], str]) -> PluginValues:
    secret = _secret_names(values, plugins)
    if not secret:
        return values
    parameters = tuple(
        _with_value(each, change(each.value)) if each.name in secret and isinstance(each.value, str) else each
        for each in values.parameters
    )
    return replace(values, parameters=parameters)


def _with_value(parameter: StoredParameter, value: Any) -> StoredParameter:
    return replace(parameter, value=value)


def _secret_names(values: PluginValues, plugins: Plugins) -> frozenset[str]:
    plugin = plugins.get(values.plugin_id)
    declared = plugin.metadata.parameters if plugin else ()
    return frozenset(name for each in declared if each.sensitive for name in (each.name, *each.aliases))


def _seal(text: str) -> str:
    ciphers = _ciphers()
    try:
        ciphers.decrypt(text)
    except InvalidToken:
        return ciphers.encrypt(text.encode()).decode()
    return text


def _open(text: str) -> str:
    try:
        return _ciphers().decrypt(text).decode()
    except InvalidToken:
        return text


def _ciphers() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(_PURPOSE + str(key).encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
