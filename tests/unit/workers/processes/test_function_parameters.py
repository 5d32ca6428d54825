"""Parameters that the fields of a dataclass declare."""

from dataclasses import dataclass

import pytest

from tests.unit.workers.builtin.process_functions.sample_functions import (
    Deed,
    SampleParameters,
    SamplePlugin,
)
from workers.processes.function_parameters import BadDeclaration, described, filled, parameter
from workers.processes.parameters import ParameterType


def test_it_describes_each_field_once() -> None:
    found = {
        each.name: (each.type, each.default, each.optional, each.mandatory)
        for each in described(SampleParameters)
    }
    assert found == {
        "deed": (ParameterType.STRING, "COUNT", False, False),
        "times": (ParameterType.LONG, "1", False, False),
        "factor": (ParameterType.DOUBLE, None, False, True),
        "words": (ParameterType.COLLECTION, None, False, True),
        "note": (ParameterType.STRING, None, True, False),
        "password": (ParameterType.STRING, None, True, False),
    }
    assert SamplePlugin.metadata.parameters[0].choices == tuple(Deed)
    assert [each.name for each in described(SampleParameters) if each.sensitive] == ["password"]


def test_it_fills_in_values_and_leaves_defaults() -> None:
    values = {"factor": 2, "words": ["a"], "deed": "FAIL", "note": None, "unknown": 1}
    assert filled(SampleParameters, values) == SampleParameters(factor=2.0, words=["a"], deed=Deed.FAIL)


def test_it_refuses_fields_that_are_no_parameters() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Plain:
        times: int = 1

    @dataclass(frozen=True, kw_only=True)
    class Odd:
        times: bytes = parameter(name="times", label="Times", description="How often", default=b"")

    with pytest.raises(BadDeclaration, match="times is not declared with parameter"):
        described(Plain)
    with pytest.raises(BadDeclaration, match="times is a bytes"):
        described(Odd)


def test_it_tells_the_faults_of_a_configuration_by_parameter() -> None:
    faults = SamplePlugin.own_faults({"factor": 2, "words": [], "times": -1})
    assert faults == {"times": "times: 0 or more is expected"}
