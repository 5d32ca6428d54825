"""What a data centre would deliver: archives of real scenes, with a list of digests."""

import hashlib
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import hvsampledata

#: Name of a product, and the file of hvsampledata that it is made of.
_PRODUCTS: Final = {"landsat": "landsat_rgb.tif", "air-temperature": "air_temperature_small.nc"}
_FORMATS: Final = ("zip", "tar.gz")
_DIGESTS: Final = "SHA256SUMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One archive as it arrived, and what it really holds."""

    archive: Path
    #: The scene, as hvsampledata ships it: what results are compared with.
    original: Path
    #: SHA-256 of each file in the archive, by file name.
    digests: dict[str, str]

    @property
    def name(self) -> str:
        """The archive's name."""
        return self.archive.name


def receive(*, folder: Path) -> list[Delivery]:
    """Write every product in every format into a folder."""
    return [
        _deliver(product, form, folder=folder, original=_data_folder() / file)
        for product, file in _PRODUCTS.items()
        for form in _FORMATS
    ]


def landsat() -> Path:
    """Return the Landsat scene, as hvsampledata ships it."""
    return _data_folder() / _PRODUCTS["landsat"]


def _deliver(product: str, form: str, *, folder: Path, original: Path) -> Delivery:
    content = original.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    listing = folder / product / _DIGESTS
    listing.parent.mkdir(exist_ok=True)
    listing.write_text(f"{digest}  {original.name}\n", encoding="ascii")
    archive = folder / f"{product}.{form}"
    members = {f"{product}/{original.name}": original, f"{product}/{_DIGESTS}": listing}
    write = _write_zip if form == "zip" else _write_tar
    write(archive, members)
    digests = {original.name: digest, _DIGESTS: hashlib.sha256(listing.read_bytes()).hexdigest()}
    return Delivery(archive=archive, original=original, digests=digests)


def _write_zip(archive: Path, members: dict[str, Path]) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, file in members.items():
            opened.write(file, name)


def _write_tar(archive: Path, members: dict[str, Path]) -> None:
    with tarfile.open(archive, "w:gz") as opened:
        for name, file in members.items():
            opened.add(file, name)


def _data_folder() -> Path:
    return Path(hvsampledata.__file__).parent / "_data"
