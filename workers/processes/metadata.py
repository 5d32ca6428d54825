"""What a plugin says of itself."""

from dataclasses import dataclass
from typing import Any, Final

from workers.processes.parameters import ParameterDescriptor

#: The kind of plugin that processes files (its name in REGARDS).
PROCESS_DEFINITION: Final = "fr.cnes.regards.modules.processing.plugins.IProcessDefinition"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginMetadata:
    """The description of a plugin: the same for people, for programs and for checks."""

    plugin_id: str
    version: str
    description: str
    parameters: tuple[ParameterDescriptor, ...]
    #: Class name that REGARDS knows the plugin by.
    class_name: str
    #: Kinds of plugin that it is.
    interfaces: tuple[str, ...] = (PROCESS_DEFINITION,)
    author: str = "REGARDS"
    owner: str = "CNES"
    license: str = "GPLv3"
    contact: str | None = None
    url: str | None = None
    #: Longer texts, for administrators and for users.
    markdown: str | None = None
    user_markdown: str | None = None

    def parameter(self, name: str) -> ParameterDescriptor | None:
        """Return the parameter that is called so, by its name or another name of it."""
        return next((each for each in self.parameters if name in {each.name, *each.aliases}), None)

    def to_json(self) -> dict[str, Any]:
        """Describe it as the contract does, absent texts left out."""
        described = {
            "pluginId": self.plugin_id,
            "pluginClassName": self.class_name,
            "interfaceNames": list(self.interfaces),
            "version": self.version,
            "author": self.author,
            "description": self.description,
            "markdown": self.markdown,
            "userMarkdown": self.user_markdown,
            "contact": self.contact,
            "owner": self.owner,
            "license": self.license,
            "url": self.url,
            "parameters": [parameter.to_json() for parameter in self.parameters],
        }
        return {name: value for name, value in described.items() if value is not None}
