"""The embedded broker: kombu's file system transport, under the folder of the platform."""

import os
import time
import uuid
from pathlib import Path
from typing import Any, Final

from kombu.transport import filesystem
from kombu.utils.json import dumps

#: Seconds between two looks at the folder of an idle worker.
_POLLING: Final = 0.05
_READ_ATTEMPTS: Final = 20
_READ_PAUSE: Final = 0.01


class Channel(filesystem.Channel):
    """The transport's channel, with two gaps of concurrent processes closed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # The transport expects its folders to exist.
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: Any, **_options: object) -> None:
        """Add a message; it appears under its name only when it is complete.

        The original writes in place, and a consumer that lists the folder in between takes half a message.
        """
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        hidden = folder / f".{name}.part"
        hidden.write_text(dumps(payload), encoding="utf-8")
        hidden.rename(folder / name)

    def get_table(self, exchange: str) -> list[Any]:
        """Read the bindings of an exchange, again while another process is writing them."""
        for _ in range(_READ_ATTEMPTS):
            try:
                return list(super().get_table(exchange))
            except ValueError:
                time.sleep(_READ_PAUSE)
        return list(super().get_table(exchange))


class Transport(filesystem.Transport):
    """The transport of the embedded broker."""

    Channel = Channel


def transport_options(*, var: Path) -> dict[str, Any]:
    """Return the options of connections to the embedded broker; its folders are made when it is first used."""
    messages, control = var / "broker" / "messages", var / "broker" / "control"
    return {
        "data_folder_in": os.fspath(messages),
        "data_folder_out": os.fspath(messages),
        "control_folder": control,
        "polling_interval": _POLLING,
    }
