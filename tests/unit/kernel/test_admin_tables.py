"""Tables inside pages of the admin."""

from django.utils.html import format_html

from regards_processing.kernel.admin_tables import table


def test_it_takes_what_is_in_it_as_text() -> None:
    made = table(("<name>",), [("<script>",), (format_html("<a>{}</a>", "&"),)])
    assert "<th>&lt;name&gt;</th>" in made
    assert "<tr><td>&lt;script&gt;</td></tr><tr><td><a>&amp;</a></td></tr>" in made


def test_it_scrolls_where_a_page_is_narrow() -> None:
    made = table(("name",), [("Ada",)])
    assert made.startswith('<div style="overflow-x: auto" tabindex="0"><table>')
    assert made.endswith("</table></div>")
