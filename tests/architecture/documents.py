"""What pages of the documentation hold: code, links, headings."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT

DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_MODULE = re.compile(r"# (\w+\.py)\n")


def pages() -> list[Path]:
    """Return every page that a reader may land on."""
    return [*sorted(DOCS.rglob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """Return the code of a page in one language, block by block."""
    return [code for name, code in _BLOCK.findall(page.read_text("utf-8")) if name == language]


def modules(page: Path) -> dict[str, str]:
    """Return the Python modules of a page: the blocks that begin with the name of a file."""
    named = ((_MODULE.match(code), code) for code in blocks(page, "python"))
    return {found[1]: code for found, code in named if found}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of this project that a page links to, each with the heading or nothing."""
    for link in _LINK.findall(_prose(page)):
        if "://" not in link:
            target, _, heading = link.partition("#")
            yield ((page.parent / target).resolve() if target else page), heading


def headings(page: Path) -> set[str]:
    """Return what links call the headings of a page."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(_prose(page)))
    return {text.strip().replace(" ", "-") for text in words}


def _prose(page: Path) -> str:
    return _BLOCK.sub("", page.read_text("utf-8"))
