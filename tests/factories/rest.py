"""Callers of the REST interface."""

from rest_framework.test import APIClient

from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.roles import Role


def caller(role: str = Role.PROJECT_ADMIN, *, tenant: str = "default", login: str = "ada") -> Caller:
    """Return an identity."""
    return Caller(tenant=tenant, login=login, email=f"{login}@example.org", role=role)


def client_as(role: str = Role.PROJECT_ADMIN, *, tenant: str = "default", login: str = "ada") -> APIClient:
    """Return a client whose calls come from this identity, without a token."""
    client = APIClient()
    client.force_authenticate(user=caller(role, tenant=tenant, login=login))  # type: ignore[arg-type] # not a Django user
    return client
