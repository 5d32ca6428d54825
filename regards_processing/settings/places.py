"""Where things live on disk, and whether this is the embedded platform."""

import secrets
from pathlib import Path

from regards_processing.settings import env
from workers.transport.addresses import BROKER_SCHEMES

BASE_DIR = Path(__file__).resolve().parents[2]
#: Everything that the embedded default keeps.
VAR = env.folder("REGARDS_VAR", BASE_DIR / "var")
#: Output files, shared by the fleets.
SHARED_STORAGE = env.folder("REGARDS_SHARED_STORAGE", VAR / "storage")
#: Folders of runs, when fleets run on this machine as well; the platform itself only looks at it.
WORK_FOLDER = env.folder("REGARDS_WORKDIR", VAR / "work")

DATABASE_URL = env.text("DATABASE_URL")
BROKER_URL = env.address("BROKER_URL", schemes=BROKER_SCHEMES)
#: Neither server is configured: secrets may be generated, and limits of the embedded broker apply.
EMBEDDED = not DATABASE_URL and not BROKER_URL


def generated_secret(name: str) -> Path | None:
    """Return where a generated secret is kept: nowhere, outside the embedded mode."""
    return VAR / "secrets" / name if EMBEDDED else None


def generated_instance() -> str:
    """Return an instance id that no other process has."""
    return secrets.token_hex(4)
