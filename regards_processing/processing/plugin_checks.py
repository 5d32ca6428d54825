"""Whether a plugin configuration fits its plugin, and what its plugin has against orders. Pure."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from regards_processing.kernel.configuration.faults import Fault, listed
from regards_processing.processing.plugin_values import PluginValues, StoredParameter
from workers.processes.parameters import MASK, BadValue, ParameterDescriptor
from workers.processes.plugin import InvalidParameters, ProcessPlugin
from workers.processes.profile import ProcessProfile
from workers.processes.registry import Plugins

log = logging.getLogger(__name__)


def find_faults(*, wanted: PluginValues, plugins: Plugins) -> list[Fault]:
    """Return everything that is wrong with a configuration; parameters that no plugin has are passed over."""
    plugin = plugins.get(wanted.plugin_id)
    if plugin is None:
        known = listed(plugins)
        text = f"Plugin {wanted.plugin_id} is unknown; there are {known}"
        return [Fault(text=text, field="pluginId", allowed=known)]
    faults = [*_version_faults(wanted, plugin), *_parameter_faults(wanted, plugin)]
    return faults or _profile_faults(wanted, plugin)


def values_of(*, stored: PluginValues, plugin: type[ProcessPlugin]) -> dict[str, Any]:
    """Return the value of each parameter of a plugin: the stored one, or the default, or none.

    Raises:
        BadValue: a stored value is none of its parameter's; such a configuration was made for another plugin.
    """
    return {each.name: _value(each, find_parameter(stored, each)) for each in plugin.metadata.parameters}


def profile_of(*, stored: PluginValues, plugin: type[ProcessPlugin]) -> ProcessProfile:
    """Return what a process with this configuration promises.

    Raises:
        BadValue: a stored value is none of its parameter's.
        InvalidParameters: no process can be made of the values.
    """
    return plugin.profile(values_of(stored=stored, plugin=plugin))


def with_overrides(
    *, stored: PluginValues, plugin: type[ProcessPlugin], given: Mapping[str, str]
) -> tuple[PluginValues, list[Fault]]:
    """Return a configuration with the values that an order gives, and what is wrong with those."""
    faults: list[Fault] = []
    parameters = list(stored.parameters)
    for name, text in sorted(given.items()):
        declared = plugin.metadata.parameter(name)
        position = _position(parameters, declared)
        if declared is None or position is None or not parameters[position].dynamic:
            faults.append(Fault(text=f"Parameter {name} cannot be given by an order", field=name))
            continue
        try:
            value = _chosen(declared, parameters[position], text)
        except BadValue as error:
            faults.append(Fault(text=f"Parameter {name}: {error}", field=name, allowed=error.expected))
        else:
            parameters[position] = replace(parameters[position], value=value)
    return replace(stored, parameters=tuple(parameters)), faults


def violations_of(check: Callable[[], Sequence[str]], *, plugin_id: str) -> list[str]:
    """Return what the check of a plugin has against an order; a check that breaks is against it as well."""
    try:
        return list(check())
    # Whatever a plugin raises: what it cannot check is not ordered, and others are not to suffer.
    except Exception as error:
        log.exception("plugin cannot check", extra={"action": "plugin.broken_check", "plugin": plugin_id})
        return [f"Plugin {plugin_id} cannot check this order: {type(error).__name__}: {error}"]


def _chosen(declared: ParameterDescriptor, parameter: StoredParameter, text: str) -> Any:
    """Return the value that the text of an order stands for, if the parameter may have it."""
    value = declared.convert(text)
    if parameter.dynamic_values and value not in parameter.dynamic_values:
        told = [MASK] if declared.sensitive else parameter.dynamic_values
        raise declared.refusal(value, f"one of {', '.join(map(str, told))}")
    return value


def _position(parameters: Sequence[StoredParameter], declared: ParameterDescriptor | None) -> int | None:
    names = {declared.name, *declared.aliases} if declared else set()
    return next((n for n, each in enumerate(parameters) if each.name in names), None)


def find_parameter(stored: PluginValues, declared: ParameterDescriptor) -> StoredParameter | None:
    """Return the stored parameter that is meant by a declared one, which may have several names."""
    given = {parameter.name: parameter for parameter in stored.parameters}
    return next((given[name] for name in (declared.name, *declared.aliases) if name in given), None)


def _value(declared: ParameterDescriptor, given: StoredParameter | None) -> Any:
    if given is not None and given.value is not None:
        return declared.check(given.value)
    return None if declared.default is None else declared.convert(declared.default)


def _version_faults(wanted: PluginValues, plugin: type[ProcessPlugin]) -> Iterator[Fault]:
    version = plugin.metadata.version
    if wanted.version not in {None, version}:
        text = f"Plugin configuration version ({wanted.version}) is different from plugin one ({version})."
        yield Fault(text=text, field="version", allowed=version)


def _parameter_faults(wanted: PluginValues, plugin: type[ProcessPlugin]) -> Iterator[Fault]:
    for declared in plugin.metadata.parameters:
        given = find_parameter(wanted, declared)
        if declared.mandatory and (given is None or given.value is None):
            text = f"Plugin Parameter {declared.name} is missing."
            yield Fault(text=text, field=declared.name, allowed=declared.description)
        elif given is not None:
            yield from _value_faults(declared, given)


def _value_faults(declared: ParameterDescriptor, given: StoredParameter) -> Iterator[Fault]:
    values: Mapping[str, list[Any]] = {
        f"{declared.name}": [] if given.value is None else [given.value],
        f"{declared.name}.dynamicsValues": list(given.dynamic_values),
    }
    for field, several in values.items():
        for value in several:
            try:
                declared.check(value)
            except BadValue as error:
                yield Fault(text=f"Plugin Parameter {field}: {error}", field=field, allowed=error.expected)


def _profile_faults(wanted: PluginValues, plugin: type[ProcessPlugin]) -> list[Fault]:
    try:
        profile_of(stored=wanted, plugin=plugin)
    except InvalidParameters as error:
        return [
            Fault(text=f"Plugin Parameter {text}", field=name) for name, text in sorted(error.faults.items())
        ]
    # Whatever a plugin raises: no process is made of what it cannot read, and others are not to suffer.
    except Exception as error:
        plugin_id = wanted.plugin_id
        extra = {"action": "plugin.broken_profile", "plugin": plugin_id, "configuration": wanted.business_id}
        log.exception("plugin cannot read its parameters", extra=extra)
        told = f"{type(error).__name__}: {error}"
        return [Fault(text=f"Plugin {plugin_id} cannot read its parameters: {told}", field="parameters")]
    return []
