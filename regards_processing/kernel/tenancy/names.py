"""What tenants may be called."""

from regards_processing.kernel.auth.identity import MAX_TEXT, NOT_TENANTS, is_plain_text
from regards_processing.kernel.errors import DomainError


class InvalidTenantName(DomainError):
    """This cannot be the name of a tenant."""

    code = "INVALID_TENANT_NAME"
    http_status = 422


def check_tenant_name(*, name: str) -> None:
    """Refuse what cannot be the name of a tenant: it travels in headers, in tokens and in paths.

    Raises:
        InvalidTenantName: it is empty, too long, not plain text, or means something else in tokens.
    """
    if not is_plain_text(name) or name != name.strip() or "/" in name:
        raise InvalidTenantName(
            f"Tenant name {name!r} must have 1 to {MAX_TEXT} printable characters, "
            "without / and without blanks around it"
        )
    if name in NOT_TENANTS:
        raise InvalidTenantName(f"Tenant name {name!r} is taken: in tokens it stands for no tenant")
