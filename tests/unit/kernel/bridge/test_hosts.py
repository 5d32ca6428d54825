"""Which virtual hosts tenants have."""

import logging

import pytest

from regards_processing.kernel.bridge.hosts import tenant_hosts


def test_they_are_named_after_tenants_in_lower_case() -> None:
    hosts = tenant_hosts(["CNES", "esa"], namespace="regards", taken=[])
    assert {host.name: host.tenants for host in hosts} == {
        "regards.cnes": frozenset({"CNES"}),
        "regards.esa": frozenset({"esa"}),
    }


def test_tenants_whose_names_differ_by_case_alone_share_one() -> None:
    (host,) = tenant_hosts(["Esa", "ESA"], namespace="regards", taken=[])
    assert (host.name, host.tenants) == ("regards.esa", frozenset({"Esa", "ESA"}))


def test_what_is_refused_there_has_a_home_that_dead_letters_can_name() -> None:
    """Of another one, what its sender wrote in the headers of a death would say where a replay takes it."""
    longest = 255 - len("regards.refused..esa")
    namespaces = ["n" * longest, "n" * (longest + 1)]
    assert [len(tenant_hosts(["esa"], namespace=each, taken=[])) for each in namespaces] == [1, 0]


@pytest.mark.parametrize("tenant", ["multitenant.manager", "x" * 255])
def test_of_one_that_can_have_none_the_log_tells_once(tenant: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    for _ in range(2):
        hosts = tenant_hosts([tenant, "esa"], namespace="unit", taken=["unit.multitenant.manager"])
        assert [host.name for host in hosts] == ["unit.esa"]
    (line,) = [vars(record) for record in caplog.records]
    assert (line["action"], line["virtual_host"]) == ("bridge.impossible", f"unit.{tenant}")
