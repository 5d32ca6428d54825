"""Every page can be found, and every link leads somewhere."""

from pathlib import Path

import pytest

from tests.architecture.documents import DOCS, headings, links, pages
from tests.architecture.tree import ROOT

_INDEX = DOCS / "README.md"


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_index_names_every_page() -> None:
    wanted = {page for page in DOCS.rglob("*.md") if page != _INDEX and page.parent.name != "decisions"}
    missing = wanted - {target for target, _ in links(_INDEX)}
    assert not missing, f"docs/README.md lacks {sorted(map(_name, missing))}"


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, heading in links(page):
        assert target.exists(), f"{_name(page)} links to {target}, which is not there"
        assert not heading or heading in headings(target), f"{_name(target)} has no heading #{heading}"
