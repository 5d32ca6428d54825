"""Moments in pages of the admin, told by how long ago they were."""

from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.readable_durations import readable_duration


def age(moment: datetime) -> SafeString:
    """Return how much time has passed since a moment, with the moment itself where the mouse is."""
    return _timed(moment, _passed_since(moment))


def ago(moment: datetime) -> SafeString:
    """Return how long ago something was, with the moment itself where the mouse is."""
    return _timed(moment, f"{_passed_since(moment)} ago")


def _passed_since(moment: datetime) -> str:
    return readable_duration(max(0, (clock.now() - moment) // timedelta(milliseconds=1)))


def _timed(moment: datetime, words: str) -> SafeString:
    return format_html(
        '<time datetime="{0}" title="{0}" class="nowrap">{1}</time>',
        moment.isoformat(timespec="seconds"),
        words,
    )
