"""Settings of the test run: a database file of its own, cheap passwords."""

import tempfile
from pathlib import Path

from regards_processing.settings import *  # noqa: F403
from regards_processing.settings import DATABASES, EMBEDDED

_FOLDER = Path(tempfile.gettempdir())
if EMBEDDED:
    # A file and not memory: races are tested with two real connections.
    DATABASES["default"]["TEST"] = {"NAME": str(_FOLDER / f"regards-test-{id(DATABASES):x}.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
