"""Conditions of steps: what a header of the answer before has to say."""

import pytest

from workers.contract.conditions import Condition

_RASTER = Condition("acme.kind", ("raster", "netcdf"))
_OTHERS = Condition("acme.kind", ("raster", "netcdf"), excluded=True)


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"acme.kind": "raster"}, True),
        ({"acme.kind": "netcdf", "acme.other": "x"}, True),
        ({"acme.kind": "Raster"}, False),
        ({"acme.kind": ""}, False),
        ({"Acme.Kind": "raster"}, False),
        ({}, False),
    ],
)
def test_it_holds_for_the_values_that_it_names(headers: dict[str, str], *, taken: bool) -> None:
    assert (_RASTER.holds(headers), _OTHERS.holds(headers)) == (taken, not taken)


@pytest.mark.parametrize("condition", [_RASTER, _OTHERS])
def test_it_reads_what_it_writes(condition: Condition) -> None:
    assert Condition.from_json(condition.to_json()) == condition


def test_it_is_written_as_in_a_configuration_file() -> None:
    assert _RASTER.to_json() == {"header": "acme.kind", "in": ["raster", "netcdf"]}
    assert _OTHERS.to_json() == {"header": "acme.kind", "notIn": ["raster", "netcdf"]}


def test_it_says_itself_in_words() -> None:
    assert str(_RASTER) == "acme.kind is one of raster, netcdf"
    assert str(_OTHERS) == "acme.kind is none of raster, netcdf"
