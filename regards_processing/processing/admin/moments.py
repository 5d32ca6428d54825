"""Moments in pages, for people."""

from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.readable_durations import readable_duration


def ago(moment: datetime) -> SafeString:
    """Return how long ago something was, with the moment itself where the mouse is."""
    told = readable_duration(max(0, (clock.now() - moment) // timedelta(milliseconds=1)))
    return format_html(
        '<time datetime="{0}" title="{0}" class="nowrap">{1} ago</time>',
        moment.isoformat(timespec="seconds"),
        told,
    )
