"""Connections tell the server whose rows they may see only while the setting is on."""

import os
import subprocess
import sys

import pytest

from tests.stack.process import ROOT

_ASK = "from regards_processing.settings.database import DATABASES; print(DATABASES['default']['ENGINE'])"
_POSTGRES, _SQLITE = "postgres://nobody@127.0.0.1/none", ""


@pytest.mark.parametrize(
    ("url", "setting", "engine"),
    [
        (_POSTGRES, "", "django.db.backends.postgresql"),
        (_POSTGRES, "false", "django.db.backends.postgresql"),
        (_POSTGRES, "true", "regards_processing.kernel.tenancy.postgresql"),
        (_SQLITE, "true", "django.db.backends.sqlite3"),
    ],
)
def test_it_chooses_the_engine(url: str, setting: str, engine: str) -> None:
    variables = os.environ | {"DATABASE_URL": url, "ROW_LEVEL_SECURITY": setting}
    done = subprocess.run(
        [sys.executable, "-c", _ASK], cwd=ROOT, env=variables, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == engine
