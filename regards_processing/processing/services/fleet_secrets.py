"""Secret parameters on their way to a fleet: sealed, for requests are stored, and operators read them."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from regards_processing.processing.models import Execution
from workers.processes.plugin import ProcessPlugin
from workers.processes.sealing import Addressee, parameters_of, seal


class NoKeyForSecrets(Exception):
    """Secret parameters cannot be sealed."""


def divided(
    *, execution: Execution, parameters: Mapping[str, Any], plugin: type[ProcessPlugin]
) -> tuple[dict[str, Any], str | None]:
    """Return the parameters of an execution that have a value, and the secret ones apart.

    These are sealed for the request of the execution, and for its plugin.

    Raises:
        NoKeyForSecrets: there are some, and no `PROCESS_TOKEN_KEY`.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    secret_names = [each.name for each in plugin.metadata.parameters if each.sensitive]
    secret = {name: given.pop(name) for name in secret_names if name in given}
    if not secret:
        return given, None
    if not settings.PROCESS_TOKEN_KEY:
        raise NoKeyForSecrets(
            f"Secret parameters ({', '.join(secret)}) are sent to fleets sealed: "
            "the platform and its fleets need the same PROCESS_TOKEN_KEY"
        )
    part = parameters_of(plugin.metadata.plugin_id)
    addressee = Addressee(tenant=execution.tenant.name, request_id=str(execution.pk), part=part)
    return given, seal(json.dumps(secret), key=settings.PROCESS_TOKEN_KEY, addressee=addressee)
