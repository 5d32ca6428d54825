"""Whether the packages of the extra ``tracing`` are there; nothing of them is loaded to find out."""

from importlib.util import find_spec
from typing import Final

#: What records nothing, and needs nothing.
OFF: Final = "off"
#: Where spans may go: nowhere, to a collector by OTLP over HTTP, or to the standard output.
CHOICES: Final = (OFF, "otlp", "console")

_NEEDED: Final = {
    OFF: (),
    "console": ("opentelemetry.sdk",),
    "otlp": ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"),
}


def missing_package(choice: str) -> str | None:
    """Return a package that a choice needs and that is not installed; ``None`` when all are."""
    return next((package for package in _NEEDED[choice] if not _installed(package)), None)


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        # Not even the package that it is part of.
        return False
