"""The release that is running."""

from typing import Final

#: The same as in ``pyproject.toml``; a test compares them.
VERSION: Final = "0.1.0"
