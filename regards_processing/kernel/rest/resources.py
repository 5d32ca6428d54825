"""What is known of every endpoint: its template and the role that each verb needs."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.urls import URLResolver, get_resolver

from regards_processing.kernel.auth.roles import Role

#: Under this, every service has its endpoints.
PREFIX: Final = "api/v1/"
_CONVERTER: Final = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One endpoint: ``path@VERB`` is its name for other services."""

    service: str
    #: Name of the route in its service.
    name: str
    #: Template of the path, as other services know it: ``/requests/{requestId}``.
    path: str
    #: Verb → default role.
    roles: Mapping[str, Role]
    #: The class that serves it.
    view: type

    def described(self, verb: str) -> str:
        """Return what a verb does, in one line."""
        handler = getattr(self.view, verb.lower(), None)
        return (inspect.getdoc(handler) or "").partition("\n")[0]


@cache
def resources() -> Mapping[tuple[str, str], Resource]:
    """Return every endpoint that the platform serves, by service and route name."""
    found = {}
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and str(resolver.pattern).startswith(PREFIX):
            service = str(resolver.namespace)
            for pattern in resolver.url_patterns:
                view = getattr(pattern.callback, "view_class", None)
                roles = getattr(view, "roles", None)
                if view is not None and roles is not None:
                    name = str(getattr(pattern, "name", ""))
                    template = _CONVERTER.sub(r"{\1}", str(pattern.pattern))
                    found[service, name] = Resource(
                        service=service, name=name, path=f"/{template}", roles=roles, view=view
                    )
    return found
