"""The modules that are plugged in get along with each other."""

import pytest
from pytest_django import Settings

from regards_processing.kernel.configuration.modules import (
    NothingToConfigure,
    find_module,
    module_of,
    modules,
)
from regards_processing.kernel.rest.services import RS_PROCESSING, RS_WORKER_MANAGER
from worker_manager.module import MODULE


def test_it_finds_the_module_of_a_service() -> None:
    assert find_module(RS_WORKER_MANAGER) is MODULE


def test_it_says_that_a_service_has_none(settings: Settings) -> None:
    settings.CONFIGURATION_MODULES = []
    with pytest.raises(NothingToConfigure, match="rs-processing has nothing"):
        module_of(RS_PROCESSING)


def test_it_has_one_module_for_a_service() -> None:
    services = [module.service for module in modules()]
    assert len(services) == len(set(services))


def test_it_has_one_setting_of_each_name() -> None:
    # A tenant has one value under a name, whichever service asks.
    names = [definition.name for module in modules() for definition in module.settings]
    assert len(names) == len(set(names))


def test_it_has_one_kind_of_each_key_in_a_module() -> None:
    for module in modules():
        keys = [kind.key for kind in module.kinds]
        assert len(keys) == len(set(keys))
