"""Every endpoint has its row in the reference, with the role that it needs, and the other way round."""

import re
from typing import Final

from regards_processing.kernel.rest.resources import resources
from tests.architecture import tree

_REFERENCE: Final = tree.ROOT / "docs" / "reference" / "rest.md"
#: | GET | `/settings` | `ADMIN` | …
_ROW: Final = re.compile(r"^\| (GET|POST|PUT|PATCH|DELETE) \| `([^`]+)` \| `([A-Z_]+)` \|", re.MULTILINE)


def test_it_documents_every_endpoint() -> None:
    undocumented = _served() - _documented()
    assert not undocumented, f"docs/reference/rest.md lacks a row for {sorted(undocumented)}"


def test_it_documents_no_endpoint_that_is_not_there() -> None:
    unknown = _documented() - _served()
    assert not unknown, f"docs/reference/rest.md has rows for {sorted(unknown)}, which nothing serves"


def _documented() -> set[tuple[str, ...]]:
    return set(_ROW.findall(_REFERENCE.read_text("utf-8")))


def _served() -> set[tuple[str, ...]]:
    return {
        (verb, found.path, role.value) for found in resources().values() for verb, role in found.roles.items()
    }
