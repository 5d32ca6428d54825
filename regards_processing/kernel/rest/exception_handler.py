"""Errors become HTTP here, and nowhere else."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import APIView

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest import errors

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """What is answered for an error."""

    status: int
    messages: list[str]
    headers: Mapping[str, str] = field(default_factory=dict)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Return the answer for an error: its status and ``{"messages": [text, …]}``."""
    request = context["request"]
    failure = _foreseen(error, context["view"])
    response = Response(headers=dict(failure.headers) if failure else None)
    if failure is None:
        log.error(
            "call failed",
            exc_info=error,
            extra={"action": "rest.failed", "method": request.method, "path": request.path},
        )
        failure = Failure(status.HTTP_500_INTERNAL_SERVER_ERROR, [errors.unexpected(error)])
        # Django would log it once more, without the reason.
        response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 (it offers no other way)
    response.status_code = failure.status
    response.data = errors.body(failure.messages, path=request.path)
    return response


def _foreseen(error: Exception, view: APIView) -> Failure | None:
    """Return what is answered for an error that somebody foresaw."""
    if isinstance(error, DomainError):
        challenge = (
            {"WWW-Authenticate": "Bearer"} if error.http_status == status.HTTP_401_UNAUTHORIZED else {}
        )
        return Failure(error.http_status, list(error.messages), challenge)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error, view)
    if isinstance(error, IntegrityError):
        log.warning("the database refused a change", exc_info=error, extra={"action": "rest.refused"})
        # The first line names the constraint; the second one, on PostgreSQL, holds values of rows.
        reason = str(error).partition("\n")[0]
        return Failure(status.HTTP_422_UNPROCESSABLE_ENTITY, [f"The database refuses this: {reason}"])
    return _of_django(error)


def _of_framework(error: exceptions.APIException, view: APIView) -> Failure:
    if isinstance(error, exceptions.ValidationError):
        return Failure(status.HTTP_422_UNPROCESSABLE_ENTITY, errors.violations(error.detail))
    headers = {
        # The framework leaves these on its errors, where they apply.
        "WWW-Authenticate": getattr(error, "auth_header", None),
        "Retry-After": getattr(error, "wait", None),
    }
    told = {name: str(value) for name, value in headers.items() if value is not None}
    messages = errors.violations(error.detail)
    if isinstance(error, exceptions.UnsupportedMediaType):
        known = ", ".join(str(parser.media_type) for parser in view.parser_classes)
        messages = [f"{message} Allowed: {known}{getattr(view, 'form_of_body', '')}." for message in messages]
    return Failure(error.status_code, messages, told)


def _of_django(error: Exception) -> Failure | None:
    if isinstance(error, Http404):
        return Failure(status.HTTP_404_NOT_FOUND, [str(error) or "Not found"])
    if isinstance(error, PermissionDenied):
        return Failure(status.HTTP_403_FORBIDDEN, [str(error) or "Access denied"])
    if isinstance(error, RequestDataTooBig):
        return Failure(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, [str(error)])
    if isinstance(error, SuspiciousOperation):
        return Failure(status.HTTP_400_BAD_REQUEST, [str(error)])
    return None
