"""Settings of the test run: a database file of its own, cheap passwords."""

from regards_processing.settings import *  # noqa: F403
from regards_processing.settings import DATABASES, VAR

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file and not memory: races are tested with two real connections.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
    # What a test has stored need not outlive the machine: nothing waits for the disk.
    DATABASES["default"]["OPTIONS"] = DATABASES["default"]["OPTIONS"] | {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
    }
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
#: Tests count statements and ask for their plans, whatever came before. `test_prepared.py` turns it on;
#: the processes that acceptance tests start have it.
PREPARED_STATEMENTS = False
#: Each client of a test has middleware of its own: it would read all static files before its first answer.
WHITENOISE_AUTOREFRESH = True
#: Servers that a test run keeps busy take their time to answer; the tests of this limit set it.
CHECK_TIMEOUT = 20
