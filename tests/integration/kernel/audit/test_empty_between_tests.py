"""Tests that commit leave an empty trail behind, although the database keeps entries."""

import pytest

from regards_processing.kernel.audit.models import AuditEntry
from tests.factories.audit import some_entries

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("number", [1, 2])
def test_it_starts_with_an_empty_trail(number: int) -> None:
    assert not AuditEntry.objects.exists()
    some_entries(f"r-{number}")
