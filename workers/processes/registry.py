"""Which plugins there are: ours, and those that installed packages declare."""

import logging
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final

from workers.processes.archive import ArchivePlugin
from workers.processes.plugin import ProcessPlugin
from workers.processes.raster_subset import RasterSubsetPlugin
from workers.processes.shell import SimpleShellProcessPlugin
from workers.processes.useless import UselessProcessPlugin

log = logging.getLogger(__name__)

#: Group of entry points: ``name = "package.module:PluginClass"``.
GROUP: Final = "regards.process_plugins"
_BUILTIN: Final = (SimpleShellProcessPlugin, UselessProcessPlugin, RasterSubsetPlugin, ArchivePlugin)

Plugins = Mapping[str, type[ProcessPlugin]]


@cache
def plugins() -> Plugins:
    """Return every plugin by its id; one that cannot be loaded is left out, with an error in the log."""
    found: dict[str, type[ProcessPlugin]] = {each.metadata.plugin_id: each for each in _BUILTIN}
    for entry in entry_points(group=GROUP):
        plugin = _load(entry)
        if plugin is not None and found.setdefault(plugin.metadata.plugin_id, plugin) is not plugin:
            _left_out(entry, f"there is already a plugin {plugin.metadata.plugin_id}")
    return MappingProxyType(found)


def _load(entry: EntryPoint) -> type[ProcessPlugin] | None:
    try:
        plugin = entry.load()
    except Exception as error:  # noqa: BLE001 (whatever a package of somebody else raises)
        _left_out(entry, f"{type(error).__name__}: {error}")
        return None
    if isinstance(plugin, type) and issubclass(plugin, ProcessPlugin):
        return plugin
    _left_out(entry, "it is no subclass of ProcessPlugin")
    return None


def _left_out(entry: EntryPoint, reason: str) -> None:
    log.error(
        "process plugin left out",
        extra={"action": "plugin.left_out", "entry_point": entry.name, "reason": f"{entry.value}: {reason}"},
    )
