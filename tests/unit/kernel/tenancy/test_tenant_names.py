"""Names that no tenant can have are refused before anything is stored."""

import pytest

from regards_processing.kernel.tenancy.services import InvalidTenantName, create_tenants
from tests.factories.worker_manager import AT


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_it_refuses_a_name_and_says_which(name: str) -> None:
    with pytest.raises(InvalidTenantName, match="must have 1 to 255 characters"):
        create_tenants(names=["good", name], at=AT)
