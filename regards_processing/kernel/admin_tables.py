"""Tables inside pages of the admin."""

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def table(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> SafeString:
    """Return a table; whatever is in it is text, but for links that are made as such.

    On a narrow page it scrolls by itself: the admin cuts off what is wider.
    """
    head = format_html_join("", "<th>{}</th>", ((head,) for head in heads))
    body = format_html_join("", f"<tr>{'<td>{}</td>' * len(heads)}</tr>", lines)
    whole = format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)
    return format_html('<div style="overflow-x: auto" tabindex="0">{}</div>', whole)
