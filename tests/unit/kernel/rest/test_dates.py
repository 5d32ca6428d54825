"""Dates of the contract, in both directions."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from rest_framework.exceptions import ValidationError

from regards_processing.kernel.rest.fields import DateField

_FIELD = DateField()


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2025-01-23T14:42:27.120451Z", datetime(2025, 1, 23, 14, 42, 27, 120451, tzinfo=UTC)),
        ("2025-01-23T14:42:27Z", datetime(2025, 1, 23, 14, 42, 27, tzinfo=UTC)),
        ("2025-01-23T14:42Z", datetime(2025, 1, 23, 14, 42, tzinfo=UTC)),
        ("2025-01-23T14:42", datetime(2025, 1, 23, 14, 42, tzinfo=UTC)),
        ("2025-01-23T14:42:27.1", datetime(2025, 1, 23, 14, 42, 27, 100000, tzinfo=UTC)),
        ("2025-01-23T14:42:27.", datetime(2025, 1, 23, 14, 42, 27, tzinfo=UTC)),
        ("2025-01-23T14:42:27.123456789Z", datetime(2025, 1, 23, 14, 42, 27, 123456, tzinfo=UTC)),
        ("2025-01-23T14:42:27+02:00", datetime(2025, 1, 23, 12, 42, 27, tzinfo=UTC)),
        ("2025-01-23t14:42:27z", datetime(2025, 1, 23, 14, 42, 27, tzinfo=UTC)),
    ],
)
def test_it_reads_dates(text: str, date: datetime) -> None:
    assert _FIELD.to_internal_value(text) == date


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-01-23",
        "2025-01-23 14:42:27Z",
        "2025-01-23T14",
        "2025-13-23T14:42Z",
        "2025-W04-4T14:42:27Z",
        "2025-01-23T14:42:27.1234567890Z",
        "2025-01-23T14:42:27,5Z",
        "2025-01-23T14:42:27+0200",
        "٢٠٢٥-01-23T14:42Z",
        "0001-01-01T00:00+01:00",
        1737643347,
        None,
        ["2025-01-23T14:42Z"],
    ],
)
def test_it_refuses_what_is_no_date(text: object) -> None:
    with pytest.raises(ValidationError, match="is not a date such as 2025"):
        _FIELD.to_internal_value(text)


@pytest.mark.parametrize(
    ("date", "text"),
    [
        (datetime(2025, 1, 23, 14, 42, 27, 120451, tzinfo=UTC), "2025-01-23T14:42:27.120451Z"),
        (datetime(2025, 1, 23, 14, 42, 27, 120000, tzinfo=UTC), "2025-01-23T14:42:27.12Z"),
        (datetime(152, 1, 23, 14, 42, 27, tzinfo=UTC), "0152-01-23T14:42:27Z"),
        (datetime(2025, 1, 23, 14, 42, 27, tzinfo=UTC), "2025-01-23T14:42:27Z"),
        (datetime(2025, 1, 23, 14, 42, tzinfo=timezone(timedelta(hours=2))), "2025-01-23T12:42:00Z"),
    ],
)
def test_it_writes_dates(date: datetime, text: str) -> None:
    assert _FIELD.to_representation(date) == text
