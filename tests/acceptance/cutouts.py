"""Features of an order, cut out of the Landsat scene, and the program that an order has run on them."""

from pathlib import Path
from typing import Any, Final

import rasterio
from rasterio.windows import Window

from tests.unit.workers.builtin.scenes import LANDSAT, write_geotiff

#: Files of each feature; every feature has the same names.
_BANDS: Final = ("red", "green")
_SIDE: Final = 20
_COLUMNS: Final = 10
#: Bytes of each input that ONE_PER_INPUT_FILE keeps.
TAIL: Final = 300

#: Notes the process id of its fleet and its features, then makes the files that its cardinality asks for.
_PROGRAM: Final = f"""#!/bin/sh
set -e
read -r _ _ _ fleet _ <"/proc/$PPID/stat"
cd input
echo "$fleet" * >>"$EFFECTS"
case $CARDINALITY in
ONE_PER_EXECUTION) cat */* >../output/all ;;
ONE_PER_FEATURE)
  for feature in *; do mkdir "../output/$feature" && cat "$feature"/* >"../output/$feature/all"; done ;;
ONE_PER_INPUT_FILE)
  for feature in *; do mkdir "../output/$feature"; done
  for file in */*; do tail -c {TAIL} "$file" >"../output/${{file%.tif}}.tail"; done ;;
esac
"""


def cut_out(folder: Path, count: int) -> dict[str, list[Path]]:
    """Write so many features, each a square of the scene in two bands; return their files by their URN."""
    with rasterio.open(LANDSAT) as scene:
        pixels: Any = scene.read((1, 2))
        features = {}
        for number in range(count):
            row, column = divmod(number, _COLUMNS)
            window = Window(column * _SIDE, row * _SIDE, _SIDE, _SIDE)
            rows, columns = window.toslices()
            features[f"URN:AIP:DATA:default:{number:032x}:V1"] = [
                write_geotiff(
                    folder / str(number) / f"{band}.tif",
                    pixels[index : index + 1, rows, columns],
                    epsg=scene.crs.to_epsg(),
                    transform=scene.window_transform(window),
                )
                for index, band in enumerate(_BANDS)
            ]
    return features


def write_program(folder: Path) -> Path:
    """Write the program."""
    path = folder / "cut.sh"
    path.write_text(_PROGRAM)
    path.chmod(0o755)
    return path
