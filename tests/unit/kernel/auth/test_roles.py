"""Roles inherit as the contract's table says."""

import pytest

from regards_processing.kernel.auth.roles import is_custom_name, is_system, lineage


@pytest.mark.parametrize(
    ("role", "held"),
    [
        ("PUBLIC", {"PUBLIC"}),
        ("REGISTERED_USER", {"PUBLIC", "REGISTERED_USER"}),
        ("EXPLOIT", {"PUBLIC", "REGISTERED_USER", "EXPLOIT"}),
        ("ADMIN", {"PUBLIC", "REGISTERED_USER", "EXPLOIT", "ADMIN"}),
        ("PROJECT_ADMIN", {"PUBLIC", "PROJECT_ADMIN"}),
        ("INSTANCE_ADMIN", {"PUBLIC", "INSTANCE_ADMIN"}),
        ("SYS_rs-order", {"PUBLIC"}),
        ("OF_A_TENANT", {"PUBLIC"}),
    ],
)
def test_it_holds_what_it_inherits(role: str, held: set[str]) -> None:
    assert lineage(role) == held


def test_it_tells_services_by_their_prefix() -> None:
    names = ("SYS_rs-order", "SYS_", "sys_rs-order", "XSYS_rs-order")
    assert [is_system(name) for name in names] == [True, False, False, False]


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("SCIENTIST", True),
        ("data-scientist_2.0", True),
        ("", False),
        (" ", False),
        ("with blank", False),
        ("x" * 128, True),
        ("x" * 129, False),
        ("ADMIN", False),
        ("SYS_mine", False),
        ("a\n", False),
    ],
)
def test_it_knows_which_names_a_tenant_may_give(name: str, *, fits: bool) -> None:
    assert is_custom_name(name) is fits
