"""Groups of staff: what people of the admin may do, given to many at once."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.contrib.auth.models import Group, Permission

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError


class UnknownPermission(DomainError):
    """There is no such permission."""

    code = "UNKNOWN_PERMISSION"
    http_status = 404


@transaction
def grant_to_groups(
    *, groups: Mapping[str, Collection[str]], viewed: Collection[str], actor: Actor, at: datetime
) -> dict[str, int]:
    """Make the groups that are missing and add permissions; none is taken away, nobody is put in a group.

    Args:
        groups: permissions (``<application>.<codename>``) by the name of the group.
        viewed: applications whose pages every group may look at.
        actor: who does it.
        at: when.

    Returns how many permissions each group got that it had not.

    Raises:
        UnknownPermission: a permission does not exist; nothing is changed.
    """
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    looking = {name for name in known if name.startswith(tuple(f"{label}.view_" for label in viewed))}
    wanted = {group: looking.union(names) for group, names in groups.items()}
    missing = sorted(set().union(*wanted.values()).difference(known))
    if missing:
        raise UnknownPermission(f"There is no permission {', '.join(missing)}; run manage.py migrate")
    return {
        group: _grant(group, [known[name] for name in sorted(names)], actor, at)
        for group, names in wanted.items()
    }


def _grant(name: str, permissions: list[Permission], actor: Actor, at: datetime) -> int:
    group, _ = Group.objects.get_or_create(name=name)
    had = set(group.permissions.values_list("pk", flat=True))
    new = [permission for permission in permissions if permission.pk not in had]
    group.permissions.add(*new)
    if new:
        granted = [f"{each.content_type.app_label}.{each.codename}" for each in new]
        record(
            actor=actor, tenant=None, action="group.granted", target=name, at=at, details={"granted": granted}
        )
    return len(new)
