"""Every environment variable that the code reads has its row in the reference, and the other way round."""

import re

from tests.architecture import tree
from tests.architecture.environment_reads import READERS, unnamed_reads, untyped_reads, variables_read
from workers.sdk.config import VARIABLES

_REFERENCE = tree.ROOT / "docs" / "reference" / "settings.md"
_FLEET_CONFIG = tree.ROOT / "workers" / "sdk" / "config.py"
#: A row of the reference's tables starts with the variable.
_ROW = re.compile(r"^\| *`([A-Z][A-Z0-9_]+)`", re.MULTILINE)
#: These name the settings module, before any setting can be read.
_BOOT = ("regards_processing/asgi.py", "regards_processing/wsgi.py", "regards_processing/celery.py")


def test_it_documents_every_variable() -> None:
    undocumented = _read() - _documented()
    assert not undocumented, f"docs/reference/settings.md lacks a row for {sorted(undocumented)}"


def test_it_documents_no_variable_that_nobody_reads() -> None:
    unknown = _documented() - _read()
    assert not unknown, f"docs/reference/settings.md has rows for {sorted(unknown)}, which nothing reads"


def test_it_lists_every_variable_of_a_fleet_in_its_configuration() -> None:
    assert {variable.name for variable in VARIABLES} == set(variables_read(_FLEET_CONFIG))


def test_it_spells_the_name_of_every_variable_of_the_platform() -> None:
    paths = [path for path in tree.modules("regards_processing/settings") if path not in READERS]
    assert not [where for path in paths for where in unnamed_reads(path)]


def test_it_reads_variables_only_through_the_typed_readers() -> None:
    found = [where for path in tree.modules(*tree.PRODUCT) for where in untyped_reads(path)]
    assert not [where for where in found if not where.startswith((*_BOOT, *_reader_names()))]


def _documented() -> set[str]:
    return set(_ROW.findall(_REFERENCE.read_text("utf-8")))


def _read() -> set[str]:
    paths = tree.modules("regards_processing/settings", "workers/sdk", "workers/builtin")
    return {name for path in paths if path not in READERS for name in variables_read(path)}


def _reader_names() -> list[str]:
    return [str(path.relative_to(tree.ROOT)) for path in READERS]
