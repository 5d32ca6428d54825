"""What a process for orders promises, by its parameters."""

from typing import Any

import pytest

from workers.processes.parameters import ParameterDescriptor
from workers.processes.plugin import InvalidParameters
from workers.processes.profile import Cardinality, DataType, ProcessProfile, Scope
from workers.processes.shell import SimpleShellProcessPlugin


def _profile(**given: Any) -> ProcessProfile:
    values = {
        each.name: each.convert(each.default) if each.default is not None else None
        for each in SimpleShellProcessPlugin.metadata.parameters
    }
    asked = {"shellScript": "/bin/true", "durationForecast": "10s", "sizeForecast": "*1"}
    return SimpleShellProcessPlugin.profile(values | asked | given)


def test_it_promises_the_defaults() -> None:
    assert _profile().to_info(tenant="demo", role="EXPLOIT") == {
        "scope": "SUBORDER",
        "cardinality": "ONE_PER_FEATURE",
        "datatypes": "RAWDATA",
        "sizeLimitType": "NO_LIMIT",
        "sizeLimitValue": "0",
        "sizeForecast": "*1.000000",
        "forbidSplitInSuborders": "false",
        "regards.tenant": "demo",
        "regards.userRole": "EXPLOIT",
    }


def test_it_promises_what_is_given() -> None:
    profile = _profile(
        scope="FEATURE",
        cardinality="ONE_PER_INPUT_FILE",
        requiredDataTypes=" RAWDATA, QUICKLOOK_SD,nonsense,",
        maxFeaturesInInput=10,
        forbidSplitInSubOrders=True,
    )
    assert (profile.scope, profile.cardinality) == (Scope.FEATURE, Cardinality.ONE_PER_INPUT_FILE)
    assert profile.data_types == (DataType.RAWDATA, DataType.QUICKLOOK_SD)
    info = profile.to_info(tenant="demo", role="PUBLIC")
    assert (info["sizeLimitType"], info["sizeLimitValue"]) == ("FEATURES", "10")
    assert info["forbidSplitInSuborders"] == "true"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"sizeForecast": "much"}, {"sizeForecast": "sizeForecast: Unparsable forecast 'much'"}),
        ({"durationForecast": "long"}, {"durationForecast": "durationForecast: Unparsable forecast 'long'"}),
        (
            {"maxFeaturesInInput": -1},
            {"maxFeaturesInInput": "maxFeaturesInInput is -1: 0 or more is expected"},
        ),
        ({"shellScript": " "}, {"shellScript": "shellScript is blank: the name of a program is expected"}),
    ],
)
def test_it_names_what_no_process_can_be_made_of(given: dict[str, Any], fault: dict[str, str]) -> None:
    with pytest.raises(InvalidParameters) as refused:
        _profile(**given)
    assert refused.value.faults == fault


@pytest.mark.parametrize("text", ["open sesame", "A=1&", "=1", "A=1&A=2"])
def test_it_refuses_secrets_that_no_program_would_get_and_does_not_tell_them(text: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        _profile(secretEnvVariables=text)
    expected = "secretEnvVariables is refused: KEY1=value1&KEY2=value2 is expected, each name once"
    assert refused.value.faults == {"secretEnvVariables": expected}


@pytest.mark.parametrize("name", ["forbidSplitInSubOrders", "forbidSplitInSuborders"])
def test_it_knows_a_parameter_by_both_spellings(name: str) -> None:
    found = SimpleShellProcessPlugin.metadata.parameter(name)
    assert isinstance(found, ParameterDescriptor)
    assert found.name == "forbidSplitInSubOrders"
