"""Which other configurations a plugin configuration uses: its parameters of type PLUGIN name them. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

from regards_processing.kernel.configuration.faults import Fault
from regards_processing.processing.plugin_values import PluginValues
from workers.processes.parameters import ParameterType
from workers.processes.registry import Plugins

T = TypeVar("T")


def using_plugins(*, plugins: Plugins) -> list[str]:
    """Return the ids of the plugins whose configurations may use others."""
    return sorted(
        plugin_id
        for plugin_id, plugin in plugins.items()
        if any(each.type is ParameterType.PLUGIN for each in plugin.metadata.parameters)
    )


def used_by(*, values: PluginValues, plugins: Plugins) -> Mapping[str, list[str]]:
    """Return the business ids that a configuration names, by field: a parameter or its choices."""
    plugin = plugins.get(values.plugin_id)
    found: dict[str, list[str]] = {}
    for each in values.parameters:
        declared = plugin.metadata.parameter(each.name) if plugin else None
        if declared is not None and declared.type is ParameterType.PLUGIN:
            named = {each.name: [each.value], f"{each.name}.dynamicsValues": each.dynamic_values}
            found |= {
                field: [text for text in texts if isinstance(text, str)] for field, texts in named.items()
            }
    return found


def missing(*, used: Mapping[str, Collection[str]], existing: Collection[str]) -> list[Fault]:
    """Return a fault for each business id that is used, by field, and that no configuration has."""
    return [
        Fault(
            text=f"Plugin Parameter {field}: there is no plugin configuration {business_id!r:.200}",
            field=field,
            allowed="the business id of a plugin configuration",
        )
        for field, business_ids in used.items()
        for business_id in business_ids
        if business_id not in existing
    ]


def used_first(entries: Iterable[T], *, values: Callable[[T], PluginValues], plugins: Plugins) -> list[T]:
    """Return entries in an order in which each comes after those it uses; in a circle, as they came.

    Args:
        entries: whatever has a plugin configuration.
        values: returns that of an entry.
        plugins: those there are.
    """
    left, ordered = list(entries), list[T]()
    while left:
        names = {values(each).business_id for each in left}
        waits = [_uses(values(each), names, plugins) for each in left]
        if all(waits):
            return ordered + left
        ordered += [each for each, has_to_wait in zip(left, waits, strict=True) if not has_to_wait]
        left = [each for each, has_to_wait in zip(left, waits, strict=True) if has_to_wait]
    return ordered


def _uses(values: PluginValues, names: Collection[str | None], plugins: Plugins) -> bool:
    used = {text for texts in used_by(values=values, plugins=plugins).values() for text in texts}
    return not used.difference({values.business_id}).isdisjoint(names)
