"""Definitions of tenant settings, and the errors around their values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from regards_processing.kernel.audit.storable import storable
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant

#: What is shown instead of a sensitive value; sent back, it means "as it is".
MASK: Final = "********"


class UnknownSetting(DomainError):
    """There is no setting of this name."""

    code = "UNKNOWN_SETTING"
    http_status = 404


class SettingNotModifiable(DomainError):
    """This setting cannot be changed."""

    code = "SETTING_NOT_MODIFIABLE"
    http_status = 403


class InvalidSetting(DomainError):
    """This value is not one that the setting can have."""

    code = "INVALID_SETTING"
    http_status = 422


class FitCheck(Protocol):
    """Compares a value with what is stored in a tenant."""

    def __call__(self, *, tenant: Tenant, value: Any) -> None:
        """Return when the value fits.

        Raises:
            InvalidSetting: it does not.
        """
        ...


def fits_always(*, tenant: Tenant, value: Any) -> None:
    """Compare with nothing: for settings that depend on nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A setting that each tenant can have its own value for."""

    name: str
    description: str
    #: A JSON value that always fits.
    default: Any
    #: JSON Schema of the value.
    schema: Mapping[str, Any]
    #: Java class of the value, for configuration files.
    class_name: str
    #: Runs with the tenant's configuration locked.
    check_fit: FitCheck = fits_always
    #: Values are shown masked, except in configuration files.
    sensitive: bool = False
    modifiable: bool = True
    #: REGARDS does not know it: files, which REGARDS may have to read, hold it only where it was changed.
    ours: bool = False

    def is_mask(self, value: Any) -> bool:
        """Whether a value is what is shown instead of the real one."""
        return self.sensitive and bool(value == MASK)

    def check_shape(self, value: Any) -> None:
        """Compare a value with the schema.

        Raises:
            InvalidSetting: it is null or not what the schema says, or no database can store it.
        """
        found = best_match(Draft202012Validator(self.schema).iter_errors(value))
        if value is None:
            raise InvalidSetting(f"Setting {self.name} needs a value")
        if found is not None:
            path = found.json_path.removeprefix("$")
            raise InvalidSetting(f"Setting {self.name} is refused: {found.message} at value{path}")
        if storable(value) != value:
            raise InvalidSetting(f"Setting {self.name} is refused: it holds a text that cannot be stored")


def find_definition(*, definitions: Iterable[Definition], name: str) -> Definition:
    """Return the definition of this name.

    Raises:
        UnknownSetting: there is none.
    """
    by_name = {definition.name: definition for definition in definitions}
    if name not in by_name:
        known = ", ".join(by_name) or "none"
        raise UnknownSetting(f"There is no setting {name!r}; settings of this service: {known}")
    return by_name[name]
