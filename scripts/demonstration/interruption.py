"""Ctrl-C and its relatives: an exception at once, but never between making something and noting it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Somebody asked us to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        #: What a shell says of a program that a signal ended.
        self.exit_code = 128 + number


class _Interruptions:
    """The signals of this process."""

    def __init__(self) -> None:
        self._depth = 0
        self._pending: int | None = None

    def listen(self) -> None:
        for each in _SIGNALS:
            signal.signal(each, self._on_signal)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._pending is not None and not self._depth:
                number, self._pending = self._pending, None
                raise Interrupted(number)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # Once is enough: a second Ctrl-C must not cut the cleaning up short.
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        if not self._depth:
            raise Interrupted(number)
        self._pending = number


_process: Final = _Interruptions()
#: Turn the signals that end a program into `Interrupted`.
listen_to_signals = _process.listen
#: While its block lasts no `Interrupted` is raised; one that is due comes at its end.
undisturbed = _process.held_back
