"""What filters find; the same on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Q

from regards_processing.kernel.audit.models import AuditEntry, Origin
from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.rest.filters import DateRange, Mode, TextFilter, ValueRestriction

pytestmark = pytest.mark.django_db

_AT = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
_WILD = ["100%", "100 %", "a_c", "abc", "a\\c", "A_C", "Émile", "émile", "[x]", "a*c", "a.c", "x\ny"]


def _stored(targets: Sequence[str | None]) -> None:
    """Store one row for each text; texts are in a field that may hold nothing."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=_AT + timedelta(hours=number),
            actor="ada",
            origin=Origin.REST,
            action="x",
            target=str(number),
            details={},
            correlation_id=target,
        )
        for number, target in enumerate(targets)
    )


def _found(condition: Q) -> list[str | None]:
    rows = AuditEntry.objects.filter(condition).order_by("at")
    return list(rows.values_list("correlation_id", flat=True))


def _texts(
    *values: str, mode: Mode = Mode.INCLUDE, match: MatchMode = MatchMode.STRICT, ignore_case: bool = False
) -> list[str | None]:
    restriction = ValueRestriction(values=values, mode=mode, match_mode=match, ignore_case=ignore_case)
    return _found(restriction.condition("correlation_id"))


def test_it_finds_whole_texts() -> None:
    _stored(["a", "A", "ab", "b"])
    assert _texts("a", "b") == ["a", "b"]


@pytest.mark.parametrize(
    ("match", "found"),
    [
        (MatchMode.STRICT, ["ab"]),
        (MatchMode.STARTS_WITH, ["ab", "abc"]),
        (MatchMode.CONTAINS, ["ab", "abc", "xab", "xabx"]),
        (MatchMode.ENDS_WITH, ["ab", "xab"]),
    ],
)
def test_it_finds_parts_of_texts(match: MatchMode, found: list[str | None]) -> None:
    _stored(["ab", "abc", "xab", "xabx", "AB", "a"])
    assert _texts("ab", match=match) == found


@pytest.mark.parametrize("match", MatchMode)
def test_it_ignores_the_case_of_every_alphabet_on_request(match: MatchMode) -> None:
    _stored(["ÉMILE", "émile", "emile"])
    assert _texts("Émile", match=match, ignore_case=True) == ["ÉMILE", "émile"]


@pytest.mark.parametrize("match", MatchMode)
@pytest.mark.parametrize("text", _WILD)
def test_it_takes_every_character_for_itself(text: str, match: MatchMode) -> None:
    _stored(_WILD)
    assert _texts(text, match=match) == [text]


@pytest.mark.parametrize("text", ["%", "_", "\\", "*", ".", "[", "a%", "a%c", "a?c", "^a", "c$"])
def test_it_knows_no_wildcards(text: str) -> None:
    _stored(["a", "abc", "ac", "x"])
    assert _texts(text, match=MatchMode.CONTAINS) == []


def test_it_joins_values_by_or() -> None:
    _stored(["ab", "bc", "cd"])
    assert _texts("a", "d", match=MatchMode.CONTAINS) == ["ab", "cd"]


@pytest.mark.parametrize("match", MatchMode)
def test_it_leaves_out_what_matches_and_keeps_what_is_absent(match: MatchMode) -> None:
    _stored(["ab", None, "x", ""])
    assert _texts("ab", mode=Mode.EXCLUDE, match=match) == [None, "x", ""]


@pytest.mark.parametrize("match", MatchMode)
def test_it_never_finds_what_is_absent(match: MatchMode) -> None:
    _stored([None, "x"])
    assert _texts("x", match=match, ignore_case=True) == ["x"]


@pytest.mark.parametrize("match", MatchMode)
def test_it_leaves_nothing_out_for_an_empty_list(match: MatchMode) -> None:
    _stored(["a", None])
    assert _texts(mode=Mode.EXCLUDE, match=match, ignore_case=True) == ["a", None]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("match", MatchMode)
def test_it_takes_a_thousand_values(match: MatchMode, mode: Mode) -> None:
    _stored(["v999", "x"])
    found = _texts(*(f"v{number}" for number in range(1000)), match=match, mode=mode, ignore_case=True)
    assert found == {Mode.INCLUDE: ["v999"], Mode.EXCLUDE: ["x"]}[mode]


def test_it_compares_numbers_as_numbers() -> None:
    _stored(["a", "b", "c"])
    first, second, _ = AuditEntry.objects.order_by("at").values_list("pk", flat=True)
    ids = ValueRestriction(values=(first, second, 2**63 - 1), mode=Mode.INCLUDE)
    assert _found(ids.condition("pk")) == ["a", "b"]


def test_it_finds_texts_that_contain_another() -> None:
    _stored(["2025-06", "2025-07", "2024"])
    assert _found(TextFilter(text="2025").condition("correlation_id")) == ["2025-06", "2025-07"]


def test_it_finds_texts_that_are_another() -> None:
    _stored(["2025", "2025-07"])
    strict = TextFilter(text="2025", match_mode=MatchMode.STRICT)
    assert _found(strict.condition("correlation_id")) == ["2025"]


@pytest.mark.parametrize(
    ("hours", "found"),
    [((1, 2), ["b", "c"]), ((None, 0), ["a"]), ((2, None), ["c", "d"]), ((None, None), ["a", "b", "c", "d"])],
)
def test_it_finds_what_is_dated_within_both_bounds(
    hours: tuple[int | None, int | None], found: list[str | None]
) -> None:
    _stored(["a", "b", "c", "d"])
    after, before = [None if hour is None else _AT + timedelta(hours=hour) for hour in hours]
    assert _found(DateRange(after=after, before=before).condition("at")) == found
