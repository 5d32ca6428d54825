"""Path variables that may hold any text."""

from django.urls import register_converter


class KeyConverter:
    """A key that somebody else chose: ``<key:requestId>``; it may hold slashes and line breaks."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        """Return the key; one that no database stores is not found.

        Raises:
            ValueError: it holds a NUL character.
        """
        if "\0" in value:
            raise ValueError(value)
        return value

    def to_url(self, value: str) -> str:
        """Return the key."""
        return value


def register() -> None:
    """Let routes use these converters."""
    register_converter(KeyConverter, "key")
