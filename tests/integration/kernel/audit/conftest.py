"""The audit trail as it is outside tests: closed for deletions."""

import pytest
from django.db import connection


@pytest.fixture
def guarded(db: None) -> None:  # noqa: ARG001 (its transaction brings back what is deleted)
    """Close, for one test, what tests/conftest.py opened."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM regards_audit_retention")
