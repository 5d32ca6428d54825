"""Texts of workers, made fit for a column."""


def storable(text: str) -> str:
    """Return a text that every database takes: without NUL, and without halves of surrogate pairs.

    JSON may spell both, and PostgreSQL stores neither; a worker's error must not be lost for that.
    """
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
