"""Change what is configured about access, and record who did it."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.module_loading import import_string

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.auth.models import (
    CustomRole,
    EndpointRole,
    Membership,
    RoleAddress,
    RoleEndpoint,
)
from regards_processing.kernel.auth.roles import is_custom_name
from regards_processing.kernel.auth.services.role_names import check_role, check_role_of_people
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError

AccessRule = Membership | CustomRole | EndpointRole | RoleEndpoint | RoleAddress


class InvalidRule(DomainError):
    """This rule makes no sense."""

    code = "INVALID_ACCESS_RULE"
    http_status = 422


class RoleInUse(DomainError):
    """The role is still used."""

    code = "ROLE_IN_USE"
    http_status = 409


@transaction
def save_rule(*, rule: AccessRule, actor: Actor, at: datetime) -> None:
    """Store a new or a changed rule; one that there is stays with its tenant.

    Raises:
        InvalidRule: a value is not allowed, there is such a rule already, or the one to change is not there.
        UnknownRole: the rule is about a role that its tenant does not have.
    """
    check_rule(rule=rule)
    if rule._state.adding:  # noqa: SLF001 (Django's documented way to know)
        rule.save()
        _record(rule, "created", actor=actor, at=at)
        return
    earlier = _facts(_stored(rule))
    rule.save()
    _record(rule, "updated", actor=actor, at=at, earlier=earlier)


@transaction
def delete_rules(*, rules: Collection[AccessRule], actor: Actor, at: datetime) -> None:
    """Delete rules.

    Raises:
        RoleInUse: one is a role of a tenant that something else still names; nothing is deleted.
    """
    for role in [rule for rule in rules if isinstance(rule, CustomRole)]:
        if uses := uses_of(role=role):
            raise RoleInUse(f"Role {role.name} is still used: {'; '.join(uses)}")
    for rule in rules:
        _record(rule, "deleted", actor=actor, at=at)
        rule.delete()


def check_rule(*, rule: AccessRule) -> None:
    """Refuse a rule that makes no sense.

    Raises:
        InvalidRule: a value is not allowed, or there is such a rule already.
        UnknownRole: the rule is about a role that its tenant does not have.
    """
    match rule:
        case CustomRole():
            if not is_custom_name(rule.name):
                raise InvalidRule(
                    f"A role cannot be called {rule.name!r}: 1 to 128 letters, digits, dots, dashes and "
                    "underscores are expected, neither a native role nor SYS_…"
                )
        case Membership():
            check_role_of_people(role=rule.role, tenant=rule.tenant)
        case RoleEndpoint() | RoleAddress():
            check_role(role=rule.role, tenant=rule.tenant)
    if isinstance(rule, RoleAddress):
        _check_pattern(rule.pattern)
    try:
        rule.full_clean()
    except ValidationError as error:
        raise InvalidRule("; ".join(error.messages)) from error


def uses_of(*, role: CustomRole) -> list[str]:
    """Return what names a role of a tenant: rules, and what each of ``settings.ROLE_USES`` knows.

    Each of them is called with ``tenant`` and ``role``, the name, and returns a text for each use.
    """
    rules = [
        *Membership.objects.filter(tenant=role.tenant_id, role=role.name).order_by("pk"),
        *RoleEndpoint.objects.filter(tenant=role.tenant_id, role=role.name).order_by("pk"),
        *RoleAddress.objects.filter(tenant=role.tenant_id, role=role.name).order_by("pk"),
    ]
    others = [
        use for path in settings.ROLE_USES for use in import_string(path)(tenant=role.tenant, role=role.name)
    ]
    return [*map(str, rules), *others]


def _stored(rule: AccessRule) -> AccessRule:
    """Return a rule as it is before its change, and keep others from changing it meanwhile."""
    rows = type(rule).objects.for_tenant(rule.tenant)
    stored = rows.filter(pk=rule.pk).select_for_update().first()
    if stored is None:
        raise InvalidRule(f"Tenant {rule.tenant.name} has no such rule, or no more")
    return stored


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidRule(f"{pattern!r} is not a regular expression: {error}") from error


def _record(rule: AccessRule, verb: str, *, actor: Actor, at: datetime, **more: Any) -> None:
    record(
        actor=actor,
        tenant=rule.tenant.name,
        action=f"{rule._meta.model_name}.{verb}",
        target=str(rule),
        at=at,
        details=_facts(rule) | more,
    )


def _facts(rule: AccessRule) -> dict[str, Any]:
    plain = {"role", "name", "inherits", "service", "path", "verb", "pattern"}
    facts = {
        field.name: getattr(rule, field.name) for field in rule._meta.concrete_fields if field.name in plain
    }
    return facts | ({"user": rule.user.get_username()} if isinstance(rule, Membership) else {})
