"""`RasterSubsetPlugin`: cuts a part out of each GeoTIFF of an order, or draws a quicklook of it."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from workers.processes import order
from workers.processes.function import FunctionPlugin
from workers.processes.function_parameters import described, parameter
from workers.processes.metadata import PluginMetadata
from workers.processes.plugin import InvalidParameters

DEGREES: Final = "EPSG:4326"
_BOX: Final = 4
_POLE: Final = 90
#: No scene has more columns or rows.
_FARTHEST_PIXEL: Final = 2**31 - 1
#: Numbers of bands that a picture can be made of.
_PICTURES: Final = (1, 3)
_ADMIN_TEXT: Final = """\
Cuts each GeoTIFF of the order to `boundingBox` or to `pixelWindow`, whole if neither is given; files that are
no GeoTIFF are passed over. What lies partly outside of a scene is cut to the scene; what lies outside
altogether is a failure.

Make `boundingBox`, `pixelWindow`, `bands` and `outputFormat` `dynamic` to have users choose. With the
cardinality ONE_PER_INPUT_FILE each input makes one file, called as the input; ONE_PER_FEATURE is for features
of one scene each.
"""


class OutputFormat(StrEnum):
    """What is made of the part of a scene."""

    GEOTIFF = "GEOTIFF"
    #: A picture of 512 pixels at most, its colours stretched.
    PNG = "PNG"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsetParameters:
    """Which part of a scene, and as what."""

    bounding_box: str | None = parameter(
        name="boundingBox",
        label="Bounding box",
        description="West, south, east and north between commas, in the coordinates of boundingBoxCrs",
        default=None,
    )
    crs: str = parameter(
        name="boundingBoxCrs",
        label="Coordinate system of the bounding box",
        description="An EPSG code: EPSG:4326 for degrees",
        default=DEGREES,
    )
    pixel_window: str | None = parameter(
        name="pixelWindow",
        label="Window of pixels",
        description="Column, row, width and height between commas, from 0 at the top left",
        default=None,
    )
    bands: str | None = parameter(
        name="bands",
        label="Bands",
        description="Numbers of bands between commas, from 1, in the order of the output; all if not given",
        default=None,
    )
    output_format: OutputFormat = parameter(
        name="outputFormat",
        label="Output format",
        description="GEOTIFF for the pixels as they are, PNG for a quicklook",
        default=OutputFormat.GEOTIFF,
    )

    def __post_init__(self) -> None:
        """Refuse what no scene could be cut to.

        Raises:
            InvalidParameters: a text cannot be read, or does not go with another.
        """
        faults: dict[str, str] = {}
        for name, check in (
            ("boundingBox", self._check_box),
            ("pixelWindow", self._check_window),
            ("bands", self._check_bands),
        ):
            try:
                check()
            except ValueError as error:
                faults[name] = f"{name}: {error}"
        if faults:
            raise InvalidParameters(faults)

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north."""
        if not self.bounding_box:
            return None
        west, south, east, north = (float(part) for part in self.bounding_box.split(","))
        return west, south, east, north

    @property
    def window(self) -> tuple[int, int, int, int] | None:
        """Column, row, width, height."""
        if not self.pixel_window:
            return None
        column, row, width, height = (int(float(part)) for part in self.pixel_window.split(","))
        return column, row, width, height

    @property
    def band_numbers(self) -> list[int]:
        """The chosen bands; empty for all."""
        return [int(part) for part in (self.bands or "").split(",") if part.strip()]

    def _check_box(self) -> None:
        if not self.bounding_box:
            return
        numbers = _numbers(self.bounding_box, "west,south,east,north")
        west, south, east, north = numbers
        if not (west < east and south < north):
            raise ValueError(
                f"{self.bounding_box} is empty: west has to be less than east, and south less than north"
            )
        is_on_earth = max(-south, north) <= _POLE and max(-west, east) <= 2 * _POLE
        if self.crs == DEGREES and not is_on_earth:
            raise ValueError(f"{self.bounding_box} is not on earth: longitude and latitude are expected")

    def _check_window(self) -> None:
        if not self.pixel_window:
            return
        if self.bounding_box:
            raise ValueError("give either boundingBox or pixelWindow, not both")
        numbers = _numbers(self.pixel_window, "column,row,width,height")
        whole = all(number.is_integer() and 0 <= number <= _FARTHEST_PIXEL for number in numbers)
        if not whole or 0 in numbers[2:]:
            raise ValueError(
                f"{self.pixel_window} is no window: whole numbers are expected, width and height above 0"
            )

    def _check_bands(self) -> None:
        parts = [part.strip() for part in (self.bands or "").split(",") if part.strip()]
        if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
            raise ValueError(f"{self.bands} are no bands: numbers from 1 are expected, between commas")
        if self.output_format is OutputFormat.PNG and parts and len(parts) not in _PICTURES:
            raise ValueError(f"a PNG shows one band or three, not {len(parts)}")


def _numbers(text: str, form: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != _BOX or not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{text!r:.200} cannot be read: {form} is expected")
    return numbers


class RasterSubsetPlugin(FunctionPlugin):
    """Cuts scenes, or draws them."""

    function: ClassVar[str] = "workers.builtin.process_functions.raster_subset:subset"
    own_parameters: ClassVar[type] = SubsetParameters
    metadata: ClassVar[PluginMetadata] = PluginMetadata(
        plugin_id="RasterSubsetPlugin",
        version="1.0.0",
        description="Cuts GeoTIFFs to a bounding box or a window of pixels, or draws quicklooks of them",
        class_name=f"{__name__}.RasterSubsetPlugin",
        markdown=_ADMIN_TEXT,
        user_markdown="Cuts the part that you need out of each scene, as GeoTIFF, or draws it as a picture.",
        parameters=(*described(SubsetParameters), *order.PARAMETERS),
    )
