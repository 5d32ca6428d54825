"""`ArchivePlugin`: packs the files of an order, all into one archive or each feature into its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final

from workers.processes import order
from workers.processes.function import FunctionPlugin
from workers.processes.function_parameters import described, parameter
from workers.processes.metadata import PluginMetadata
from workers.processes.plugin import InvalidParameters
from workers.processes.profile import Cardinality

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_ADMIN_TEXT: Final = """\
The `cardinality` says what becomes one archive: with ONE_PER_FEATURE the files of a feature, in an archive
called as the feature; with ONE_PER_EXECUTION all files, those of each feature in a folder of its own.
ONE_PER_INPUT_FILE is refused.

The same files make the same archive, byte for byte: entries are sorted, and have no owner and no date.
"""


class ArchiveFormat(StrEnum):
    """How files are packed; the value is the extension."""

    ZIP = "zip"
    TAR_GZ = "tar.gz"
    TAR_ZST = "tar.zst"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveParameters:
    """Which archive to make."""

    format: ArchiveFormat = parameter(
        name="archiveFormat",
        label="Format",
        description="zip, tar.gz or tar.zst",
        default=ArchiveFormat.ZIP,
    )
    name: str = parameter(
        name="archiveName",
        label="Name",
        description="Name of an archive of all files, without extension",
        default="files",
    )

    def __post_init__(self) -> None:
        """Refuse names that are none for a file.

        Raises:
            InvalidParameters: the name has other characters than letters, digits, '.', '_' and '-'.
        """
        if not _NAME.fullmatch(self.name):
            raise InvalidParameters(
                {"archiveName": f"archiveName {self.name!r:.200}: 1 to 100 of A-Z a-z 0-9 . _ - are expected"}
            )


class ArchivePlugin(FunctionPlugin):
    """Packs files."""

    function: ClassVar[str] = "workers.builtin.process_functions.archive:pack"
    own_parameters: ClassVar[type] = ArchiveParameters
    metadata: ClassVar[PluginMetadata] = PluginMetadata(
        plugin_id="ArchivePlugin",
        version="1.0.0",
        description="Packs the files of an order into zip, tar.gz or tar.zst archives",
        class_name=f"{__name__}.ArchivePlugin",
        markdown=_ADMIN_TEXT,
        user_markdown="Packs the files that you ordered.",
        parameters=(*described(ArchiveParameters), *order.PARAMETERS),
    )

    @classmethod
    def own_faults(cls, parameters: Mapping[str, Any]) -> Mapping[str, str]:
        """Refuse archives of one file each as well."""
        faults = dict(super().own_faults(parameters))
        if parameters["cardinality"] == Cardinality.ONE_PER_INPUT_FILE:
            faults["cardinality"] = "cardinality: one archive per feature or per execution is made"
        return faults
