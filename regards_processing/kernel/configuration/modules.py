"""What services plug in: each declares its module once, and ``settings.CONFIGURATION_MODULES`` names it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from regards_processing.kernel.configuration.items import ItemKind, NamedKind
from regards_processing.kernel.dynamic_settings.definitions import Definition
from regards_processing.kernel.dynamic_settings.items import SettingItems
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.tenancy.models import Tenant


class NothingToConfigure(DomainError):
    """This service has nothing that a configuration file could hold."""

    code = "NOTHING_TO_CONFIGURE"
    http_status = 501

    def __init__(self, service: Service) -> None:
        super().__init__(f"{service.name} has nothing that a configuration file could hold")


def _nobody_to_tell(*, tenant: Tenant, at: datetime) -> None:
    """Tell nobody of a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """The module of a service: its tenant settings and the kinds of item that its files hold.

    Name, description and so on inform people; only the service's ``module_id`` decides whose module it is.
    """

    service: Service
    name: str
    description: str
    version: str
    author: str
    legal_owner: str
    documentation: str
    #: Other kinds than the settings, in the order in which they are stored.
    items: tuple[ItemKind[Any], ...]
    settings: tuple[Definition, ...] = ()
    #: Called in the transaction of every change, with ``tenant`` and ``at``; settings that are changed by
    #: themselves are none.
    on_change: Callable[..., None] = _nobody_to_tell
    #: What an export says of ``resetBeforeImport``.
    export_resets: bool = False

    @property
    def kinds(self) -> tuple[ItemKind[Any], ...]:
        """Every kind, in the order of exports."""
        return (SettingItems(self.settings), *self.items) if self.settings else self.items

    def named_kind(self, key: str) -> NamedKind[Any]:
        """Return the kind of a key, whose items can be handled one by one."""
        found: Any = {kind.key: kind for kind in self.items}[key]
        named: NamedKind[Any] = found
        return named

    @property
    def import_order(self) -> tuple[ItemKind[Any], ...]:
        """Every kind, in the order of imports.

        Other items are checked against the settings, so these come first; they come again last, because
        another item of the same file may have removed what stood in their way.
        """
        return (*self.kinds, *self.kinds[:1]) if self.settings else self.items

    @property
    def information(self) -> Mapping[str, str]:
        """What files and reports say of the module."""
        return {
            "id": self.service.module_id,
            "name": self.name,
            "description": self.description,
            "version": self.version,
            "author": self.author,
            "legalOwner": self.legal_owner,
            "documentation": self.documentation,
        }


def modules() -> list[Module]:
    """Return the modules of all services."""
    return [import_string(path) for path in settings.CONFIGURATION_MODULES]


def find_module(service: Service) -> Module | None:
    """Return the module of a service, if it plugged one in."""
    return next((module for module in modules() if module.service == service), None)


def module_of(service: Service) -> Module:
    """Return the module of a service.

    Raises:
        NothingToConfigure: it plugged none in.
    """
    module = find_module(service)
    if module is None:
        raise NothingToConfigure(service)
    return module


def settings_of(service: Service) -> tuple[Definition, ...]:
    """Return the tenant settings that a service declares."""
    module = find_module(service)
    return module.settings if module else ()


def keys_of_others(module: Module) -> Mapping[str, str]:
    """Return the keys of items that only other services know, and which service does."""
    own = {kind.key for kind in module.kinds}
    return {
        kind.key: other.service.name for other in modules() for kind in other.kinds if kind.key not in own
    }
