"""From measured values to the colours of a picture."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Values outside these percentiles are drawn as the darkest and the lightest.
LOW, HIGH = 2.0, 98.0
_LARGEST: Final = 1e300
#: A ramp from deep blue over green to pale yellow, readable in grey and by the colour-blind.
_RAMP: Final = np.array(
    [(28, 18, 82), (42, 72, 138), (31, 122, 140), (62, 168, 118), (158, 205, 78), (250, 236, 110)],
    dtype=np.float64,
)

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def stretched(values: npt.NDArray[Any], *, valid: Mask) -> Bytes:
    """Return values as 0…255 between two percentiles of the valid ones; one single value gives mid-grey."""
    known = values[valid]
    if not known.size:
        return np.zeros(values.shape, np.uint8)
    if np.abs(known).max() > _LARGEST:
        # Differences of the largest numbers there are would be infinite.
        values, known = values / _LARGEST, known / _LARGEST
    low, high = np.percentile(known, [LOW, HIGH])
    if high <= low:
        low, high = float(known.min()), float(known.max())
    if high <= low:
        return np.full(values.shape, 128, np.uint8)
    scaled = (np.where(valid, values, low) - low) / (high - low)
    levels: Bytes = (np.clip(scaled, 0, 1) * 255).round().astype(np.uint8)
    return levels


def coloured(levels: Bytes) -> Bytes:
    """Return the red, green and blue of levels 0…255, as a last axis of three."""
    stops = np.linspace(0, 255, len(_RAMP))
    table = np.stack([np.interp(np.arange(256), stops, _RAMP[:, band]) for band in range(3)], axis=-1)
    return np.asarray(table.round().astype(np.uint8)[levels])


def with_alpha(colours: Bytes, *, valid: Mask) -> Bytes:
    """Return red, green, blue and alpha: transparent where there is no value."""
    return np.dstack([colours, np.where(valid, 255, 0).astype(np.uint8)])
