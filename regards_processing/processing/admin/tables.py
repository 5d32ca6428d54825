"""Tables inside pages, and moments in them, for people."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regards_processing.kernel import clock
from regards_processing.kernel.readable_durations import readable_duration


def table(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> SafeString:
    """Return a table; whatever is in it is text, but for links that are made as such."""
    head = format_html_join("", "<th>{}</th>", ((head,) for head in heads))
    body = format_html_join("", f"<tr>{'<td>{}</td>' * len(heads)}</tr>", lines)
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)


def ago(moment: datetime) -> SafeString:
    """Return how long ago something was, with the moment itself where the mouse is."""
    told = readable_duration(max(0, (clock.now() - moment) // timedelta(milliseconds=1)))
    return format_html(
        '<time datetime="{0}" title="{0}" class="nowrap">{1} ago</time>',
        moment.isoformat(timespec="seconds"),
        told,
    )
