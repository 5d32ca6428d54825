"""The storage of one test, with the folder of the tenant that `run_once` plays."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
#: rasterio 1.4 still multiplies transforms with `*`, which affine 3 announces to drop.
_AFFINE = "ignore:Use `@` matmul:PendingDeprecationWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.filterwarnings(_AFFINE))


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    folder = tmp_path / "storage"
    folder.mkdir()
    return folder


@pytest.fixture
def delivered(storage: Path) -> Path:
    folder = storage / "default" / "request-1" / "files"
    folder.mkdir(parents=True)
    return folder
