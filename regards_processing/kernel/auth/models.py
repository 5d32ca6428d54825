"""What is configured about access: who has which role in a tenant, and what a tenant changed about roles."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from regards_processing.kernel.auth.roles import INHERITABLE, Role
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet

_NATIVE = [(role.value, role.value) for role in Role]
_INHERITABLE = [(role.value, role.value) for role in INHERITABLE]
_VERBS = [(verb, verb) for verb in ("GET", "POST", "PUT", "PATCH", "DELETE")]
_ROLE_HELP = "A native role, or one of the tenant's own."
#: Length of the name of a role.
ROLE_LENGTH = 128


class Membership(models.Model):
    """The role of a user of this platform in a tenant: what tokens of our own say."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=ROLE_LENGTH, help_text=_ROLE_HELP)

    objects: ClassVar[models.Manager["Membership"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "regards_membership"
        constraints = (
            models.UniqueConstraint(fields=("user", "tenant"), name="uk_membership"),
            models.CheckConstraint(condition=~models.Q(role=""), name="ck_membership_role"),
        )

    def __str__(self) -> str:
        return f"user {self.user_id} as {self.role}"


class CustomRole(models.Model):
    """A role of a tenant's own: it may do what the native role below it may, and what it is granted."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="custom_roles")
    name = models.CharField(max_length=ROLE_LENGTH)
    inherits = models.CharField(max_length=32, choices=_INHERITABLE)

    objects: ClassVar[models.Manager["CustomRole"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "regards_custom_role"
        verbose_name = "role of a tenant"
        verbose_name_plural = "roles of tenants"
        constraints = (
            models.UniqueConstraint(fields=("tenant", "name"), name="uk_custom_role"),
            models.CheckConstraint(
                condition=models.Q(inherits__in=[role.value for role in INHERITABLE]),
                name="ck_custom_role_inherits",
            ),
        )

    def __str__(self) -> str:
        return self.name


class EndpointRole(models.Model):
    """The role that an endpoint needs in a tenant, in place of its default one."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="endpoint_roles")
    service = models.CharField(max_length=64)
    path = models.CharField(max_length=255, help_text="Template, as in /requests/{requestId}.")
    verb = models.CharField(max_length=8, choices=_VERBS)
    role = models.CharField(max_length=32, choices=_NATIVE)

    objects: ClassVar[models.Manager["EndpointRole"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "regards_endpoint_role"
        verbose_name = "role of an endpoint"
        verbose_name_plural = "roles of endpoints"
        constraints = (
            models.UniqueConstraint(fields=("tenant", "service", "path", "verb"), name="uk_endpoint_role"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="ck_endpoint_role_role"
            ),
        )

    def __str__(self) -> str:
        return f"{self.service}@{self.path}@{self.verb} needs {self.role}"


class RoleEndpoint(models.Model):
    """An endpoint that a role of a tenant may call beside those that it may by inheritance."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="role_endpoints")
    role = models.CharField(
        max_length=ROLE_LENGTH, help_text="A native role, one of the tenant's own, or SYS_<service>."
    )
    service = models.CharField(max_length=64)
    path = models.CharField(max_length=255, help_text="Template, as in /requests/{requestId}.")
    verb = models.CharField(max_length=8, choices=_VERBS)

    objects: ClassVar[models.Manager["RoleEndpoint"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "regards_role_endpoint"
        verbose_name = "endpoint granted to a role"
        verbose_name_plural = "endpoints granted to roles"
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "role", "service", "path", "verb"), name="uk_role_endpoint"
            ),
            models.CheckConstraint(condition=~models.Q(role=""), name="ck_role_endpoint_role"),
        )

    def __str__(self) -> str:
        return f"{self.role} may {self.service}@{self.path}@{self.verb}"


class RoleAddress(models.Model):
    """Addresses that callers with a role of a tenant may come from; a role without any may come from all."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="role_addresses")
    role = models.CharField(max_length=ROLE_LENGTH, help_text=_ROLE_HELP)
    pattern = models.CharField(
        max_length=255, help_text=r"Regular expression for the whole address, as in 10\.1\.\d+\.\d+"
    )

    objects: ClassVar[models.Manager["RoleAddress"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "regards_role_address"
        verbose_name = "address of a role"
        verbose_name_plural = "addresses of roles"
        constraints = (
            models.UniqueConstraint(fields=("tenant", "role", "pattern"), name="uk_role_address"),
            models.CheckConstraint(
                condition=~models.Q(role="") & ~models.Q(pattern=""), name="ck_role_address_filled"
            ),
        )

    def __str__(self) -> str:
        return f"{self.role} from {self.pattern}"


class FailedSignIn(models.Model):
    """A wrong password, remembered for as long as it counts against the next attempt."""

    #: Digest of the login and the address: logins that nobody has are often passwords in the wrong field.
    key = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager["FailedSignIn"]] = models.Manager()

    class Meta:
        db_table = "regards_failed_sign_in"
        indexes = (models.Index(fields=("key", "at"), name="ix_failed_sign_in"),)

    def __str__(self) -> str:
        return f"{self.key[:8]} at {self.at}"
