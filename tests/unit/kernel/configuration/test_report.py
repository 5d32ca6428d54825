"""A report says what was refused, where, and whether anything was imported at all."""

from collections.abc import Sequence

import pytest

from regards_processing.kernel.configuration.envelope import Entry, Part
from regards_processing.kernel.configuration.faults import Fault, listed
from regards_processing.kernel.configuration.items import Refusals
from regards_processing.kernel.configuration.report import ImportReport, as_json, every_module_failed

_NO = Fault(text="No.", field="name", allowed="yes")


def _report(*, items: int, refusals: Refusals | None = None, kept: Sequence[str] = ()) -> ImportReport:
    entries = tuple(Entry(position=place, key="org.example.Note", value={}) for place in range(items))
    part = Part(position=1, reset=False, entries=entries)
    return ImportReport(information={"id": "ours"}, part=part, refusals=refusals or {}, kept=list(kept))


def test_it_lists_errors_in_the_order_of_the_items() -> None:
    report = _report(
        items=3, refusals={2: [Fault(text="c")], 0: [Fault(text="a"), Fault(text="b")]}, kept=["kept"]
    )
    assert report.errors == ["kept", "a", "b", "c"]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (_NO, "modules[1].configuration[0].value.name (Note): No. Allowed: yes."),
        (Fault(text="No.", field="key"), "modules[1].configuration[0] (Note): No."),
        (Fault(text="No."), "modules[1].configuration[0] (Note): No."),
    ],
)
def test_it_tells_where_an_error_is_and_what_is_allowed(fault: Fault, text: str) -> None:
    assert _report(items=1, refusals={0: [fault]}).located_errors == [text]


@pytest.mark.parametrize(
    ("items", "refusals", "only_errors"),
    [
        (0, {}, False),
        (1, {}, False),
        (2, {0: [_NO]}, False),
        (2, {0: [_NO, _NO]}, False),
        (1, {0: [_NO, _NO]}, True),
        (2, {0: [_NO], 1: ()}, True),
    ],
)
def test_it_knows_whether_every_item_was_refused(
    items: int, refusals: Refusals, *, only_errors: bool
) -> None:
    assert _report(items=items, refusals=refusals).only_errors is only_errors


def test_it_fails_as_a_whole_when_every_module_failed() -> None:
    failed, partial = _report(items=1, refusals={0: [_NO]}), _report(items=2, refusals={0: [_NO]})
    assert every_module_failed([failed, failed])
    assert not every_module_failed([failed, partial])
    assert not every_module_failed([])


def test_it_is_shown_as_the_contract_wants_it() -> None:
    report = _report(items=1, refusals={0: [_NO]})
    shown = {"moduleInformation": {"id": "ours"}, "importErrors": ["No."], "onlyErrors": True}
    assert as_json(report) == shown
    report.warnings.append("Look.")
    assert as_json(report) == shown | {"importWarnings": ["Look."]}


def test_it_cuts_long_lists_of_names() -> None:
    assert listed([]) == "none"
    assert listed(["b", "a"]) == "a, b"
    assert listed(f"{number:02}" for number in range(30)).endswith("18, 19 and 10 more")
