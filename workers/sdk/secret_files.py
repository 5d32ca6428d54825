"""Secrets of worker types: files that an orchestrator mounts, one for each secret."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workers.sdk import masking
from workers.sdk.errors import SecretMissing

#: No path: a name from a request must not lead out of the folder.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MOST_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """The folder with the secrets; ``None`` when there is none."""

    folder: Path | None

    def read(self, name: str) -> str:
        """Return a secret as it is now, without line breaks at its end; what the process tells hides it.

        Raises:
            SecretMissing: the name is malformed, there is no such file, or it holds no text.
        """
        if self.folder is None:
            raise SecretMissing(f"There is no secret {name!r:.100}: WORKER_SECRETS_DIR is not set")
        if not _NAME.fullmatch(name):
            raise SecretMissing(
                f"{name!r:.100} is no name of a secret: 1 to 128 letters, digits, '.', '-' or '_' are allowed"
            )
        try:
            with (self.folder / name).open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise SecretMissing(f"The secret {name!r} cannot be read: {error.strerror}") from None
        value = _text(name, content)
        masking.hide(value)
        return value


def _text(name: str, content: bytes) -> str:
    if len(content) > _MOST_BYTES:
        raise SecretMissing(f"The secret {name!r} is limited to {_MOST_BYTES} bytes")
    try:
        value = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretMissing(f"The secret {name!r} is not text in UTF-8") from None
    if not value:
        raise SecretMissing(f"The secret {name!r} is empty")
    return value
