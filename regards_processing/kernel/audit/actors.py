"""Who acts, as each door knows it."""

import os
import pwd

from django.http import HttpRequest

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor


def command_actor() -> Actor:
    """Return the operating system's user of this process, whom no variable can rename.

    Containers run as users without a name; those are told by their number.
    """
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    return Actor(name=name, origin=Origin.COMMAND)


def admin_actor(request: HttpRequest) -> Actor:
    """Return the user who is logged in to the admin."""
    return Actor(name=request.user.get_username(), origin=Origin.ADMIN)
