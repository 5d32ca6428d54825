"""An order service has fetched output files: `DownloadedOutputFilesEvent`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from regards_processing.kernel.json_values import is_storable
from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputsDownloaded:
    """Some output files are not needed any more."""

    tenant: str
    urls: tuple[str, ...]

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], body: bytes) -> Self:
        """Read an event.

        Raises:
            MalformedMessage: the tenant is missing, or the URLs are no array of texts.
        """
        urls = bodies.load_object(body).get("outputFileUrls")
        if not isinstance(urls, list):
            raise MalformedMessage(f"outputFileUrls must be an array, got {urls!r:.200}")
        present = tuple(url for url in urls if url is not None)
        if any(not isinstance(url, str) or not is_storable(url) for url in present):
            raise MalformedMessage("outputFileUrls must hold texts without NUL and halves of surrogate pairs")
        return cls(tenant=names.required_text(headers, names.TENANT), urls=present)
