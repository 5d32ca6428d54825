"""What services of the platform keep to themselves in the engine; ``settings.RESERVATIONS`` names each."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """The requests of a service of the platform, which come from that service and from no caller of REST."""

    #: The service: its requests have this owner, and those of nobody else.
    owner: str
    content_types: frozenset[str]
    #: Whatever content type or workflow leads to them.
    worker_types: frozenset[str]
    #: What people do instead.
    instead: str


def reservations() -> list[Reservation]:
    """Return what each service reserves."""
    return [import_string(path) for path in settings.RESERVATIONS]
