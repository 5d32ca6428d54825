"""Names that no tenant can have are refused."""

import pytest

from regards_processing.kernel.tenancy.names import InvalidTenantName, check_tenant_name


@pytest.mark.parametrize("name", ["", " ", "x" * 256, " demo", "demo ", "de/mo", "de\nmo", "de\0mo"])
def test_it_refuses_what_headers_tokens_or_paths_cannot_hold(name: str) -> None:
    with pytest.raises(InvalidTenantName, match="must have 1 to 255 printable characters"):
        check_tenant_name(name=name)


@pytest.mark.parametrize("name", ["instance", "_NOTENANT_"])
def test_it_refuses_what_tokens_say_of_callers_without_a_tenant(name: str) -> None:
    with pytest.raises(InvalidTenantName, match="is taken"):
        check_tenant_name(name=name)


@pytest.mark.parametrize("name", ["default", "x" * 255, "CNES-2_prod.v1", "projet spécial"])
def test_it_takes_any_other_name(name: str) -> None:
    check_tenant_name(name=name)
