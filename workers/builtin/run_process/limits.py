"""How much one execution may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from workers.builtin.environment import names, positive_integer

_GIB: Final = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLimits:
    """Limits of one execution; sizes in bytes."""

    #: Protocols, beside ``file``, that input files may come by.
    protocols: frozenset[str] = frozenset({"http", "https", "ftp"})
    #: All input files.
    max_input_bytes: int = 100 * _GIB
    #: All output files.
    max_output_bytes: int = 100 * _GIB
    max_output_files: int = 10_000
    #: Address space of each process of a program.
    max_memory: int = 8 * _GIB

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read ``PROCESS_PROTOCOLS`` and the ``PROCESS_MAX_…`` of the README.

        Raises:
            ConfigurationError: one of the limits is not an integer of at least 1.
        """
        plain = cls()
        given = names(environment, "PROCESS_PROTOCOLS")
        return cls(
            protocols=given if "PROCESS_PROTOCOLS" in environment else plain.protocols,
            max_input_bytes=positive_integer(
                environment, "PROCESS_MAX_INPUT_BYTES", default=plain.max_input_bytes
            ),
            max_output_bytes=positive_integer(
                environment, "PROCESS_MAX_OUTPUT_BYTES", default=plain.max_output_bytes
            ),
            max_output_files=positive_integer(
                environment, "PROCESS_MAX_OUTPUT_FILES", default=plain.max_output_files
            ),
            max_memory=positive_integer(environment, "PROCESS_MAX_MEMORY", default=plain.max_memory),
        )
