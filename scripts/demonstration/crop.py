"""The program of the demonstration's process: writes the middle of each scene that it finds in `input`.

A fleet runs it by itself, in the folder of an execution; see `docs/reference/processes.md`.
"""

import sys
from pathlib import Path

import rasterio
from rasterio.windows import Window


def middle(height: int, width: int) -> Window:
    """Return the window that is half as high and half as wide, in the middle."""
    return Window(width // 4, height // 4, width // 2, height // 2)


def main() -> None:
    """Crop every scene; each output lies in the folder of its feature, under the name of its input."""
    for path in sorted(Path("input").rglob("*.tif")):
        target = Path("output") / path.relative_to("input")
        target.parent.mkdir(parents=True, exist_ok=True)
        with rasterio.open(path) as scene:
            window = middle(*scene.shape)
            placed = {"height": window.height, "width": window.width}
            profile = scene.profile | placed | {"transform": scene.window_transform(window)}
            with rasterio.open(target, "w", **profile) as crop:
                crop.write(scene.read(window=window))
        sys.stdout.write(f"{path.name}: {window.width} x {window.height} pixels\n")


if __name__ == "__main__":
    main()
