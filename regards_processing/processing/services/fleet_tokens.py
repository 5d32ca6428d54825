"""Tokens that fleets call rs-storage and rs-catalog with, for who ordered an execution."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from regards_processing.kernel.auth import tokens
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.keys import NoSigningKey
from regards_processing.kernel.auth.roles import Role
from regards_processing.processing.models import Batch, Execution
from workers.processes.order import ADD_METADATA
from workers.processes.sealing import TOKEN, Addressee, seal

log = logging.getLogger(__name__)


def sealed_token(
    *, execution: Execution, batch: Batch, parameters: Mapping[str, Any], at: datetime
) -> str | None:
    """Return a token for the user of a batch, as administrator of the tenant, sealed for one execution.

    ``None`` when the execution needs none, when there is no `PROCESS_TOKEN_KEY`, or when this platform signs
    no tokens.
    """
    wanted = bool(parameters.get(ADD_METADATA)) or any(_is_internal(file) for file in execution.input_files)
    if not (wanted and settings.PROCESS_TOKEN_KEY):
        return None
    user = Caller(
        tenant=batch.tenant.name, login=batch.user_email, email=batch.user_email, role=Role.PROJECT_ADMIN
    )
    expires_at = at + timedelta(seconds=settings.EXECUTION_TOKEN_VALIDITY)
    try:
        key = settings.JWT_KEYS.to_sign()
    except NoSigningKey:
        log.warning("no token for a fleet: no key signs", extra={"action": "execution.no_token"})
        return None
    token = tokens.sign(caller=user, key=key, issued_at=at, expires_at=expires_at)
    addressee = Addressee(tenant=execution.tenant.name, request_id=str(execution.pk), part=TOKEN)
    return seal(token, key=settings.PROCESS_TOKEN_KEY, addressee=addressee)


def _is_internal(file: Mapping[str, Any]) -> bool:
    metadata = file.get("metadata")
    return isinstance(metadata, dict) and metadata.get("internal") == "true"
