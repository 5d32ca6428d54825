"""Run a program in the folder of an execution, watch it, and end it when its time is over."""

import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from workers.builtin.environment import handed_on
from workers.builtin.run_process import guard
from workers.builtin.run_process.sandbox import Sandbox
from workers.processes.job import Ended, ProcessFailed

_GUARD: Final = Path(guard.__file__)
#: Variables of the fleet that a program may see: they say where programs are and which language people speak.
_HARMLESS: Final = ("PATH", "LANG", "LC_ALL", "TZ")
_KEPT_LINES: Final = 50
_KEPT_ERRORS: Final = 20
#: Characters of a line that are kept, and bytes that are read of it: more, so that secrets are whole.
_LONGEST_LINE: Final = 2000
_MOST_READ: Final = 64 * 1024
_PIECE: Final = 64 * 1024
#: Seconds between two looks at clock and disk.
_LOOK: Final = 0.5
_REST: Final = 20.0
#: Seconds between two times that it is told what a program writes.
_TELL: Final = 2.0
#: How much is told each time: lines, and characters of each.
_TOLD_LINES: Final = 10
_TOLD_LENGTH: Final = 300
#: Seconds that the guard gets to end the program and its children.
_GRACE: Final = 10.0


class TimeIsOver(Exception):
    """A program did not end in time."""


@dataclass(slots=True, kw_only=True)
class Program:
    """Runs programs for one execution."""

    folder: Path
    max_memory: int
    #: Both are asked while a program runs, and raise when it must end: the first one each time, so it is
    #: quick; the other one may take a while.
    check: Callable[[], None]
    watch: Callable[[], None]
    #: Gets the last of the lines that were written, one by one, now and then.
    tell: Callable[[str], None]
    #: Takes secrets out of a line.
    redact: Callable[[str], str] = str
    #: ``time.monotonic()`` at which time is over.
    deadline: float | None = None
    #: What programs may reach; ``None``: all that the fleet may.
    sandbox: Sandbox | None = None
    #: The last lines that were written.
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    _next_look: float = 0.0
    _next_tell: float = 0.0
    _told: int = 0
    _written: int = 0

    def run(
        self, command: Sequence[str], *, environment: Mapping[str, str], readable: Sequence[str] = ()
    ) -> Ended:
        """Run a program to its end.

        Raises:
            ProcessFailed: there is no such program.
            TimeIsOver: it did not end in time; it and its children have been killed.
        """
        self._next_tell = time.monotonic() + _TELL
        variables = self._environment(environment)
        program = shutil.which(command[0], path=variables.get("PATH", os.defpath))
        # A path relative to wherever the fleet was started is nobody's intention.
        if program is None or not Path(program).is_absolute():
            raise ProcessFailed(f"{command[0]} is no program that this fleet can run")
        errors: deque[str] = deque(maxlen=_KEPT_ERRORS)
        started = [program, *command[1:]]
        if self.sandbox:
            started = self.sandbox.around(started, folder=self.folder, readable=readable)
        guarded = [sys.executable, "-I", "-S", str(_GUARD), str(self.max_memory), *started]
        with subprocess.Popen(  # noqa: S603 (an administrator configured it)
            guarded,
            cwd=self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            try:
                self._follow(running, errors)
            finally:
                _end(running)
        if running.returncode == guard.CANNOT_START:
            raise ProcessFailed("; ".join(errors) or f"{program} cannot be started")
        return Ended(exit_code=running.returncode, last_errors=tuple(errors))

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return nothing of the fleet's own environment that could be a secret."""
        harmless = handed_on(os.environ, among=_HARMLESS)
        return {**harmless, "HOME": str(self.folder), "TMPDIR": str(self.folder), **given}

    def _follow(self, running: subprocess.Popen[bytes], errors: deque[str]) -> None:
        """Read what a program writes until it has ended."""
        with selectors.DefaultSelector() as selector:
            for stream, kept in ((running.stdout, ()), (running.stderr, (errors,))):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, self._reader(kept))
            while selector.get_map():
                for key, _ in selector.select(_LOOK):
                    if not _read(key.fileobj, key.data):  # type: ignore[arg-type] # the streams registered above
                        selector.unregister(key.fileobj)
                self.look()

    def look(self) -> None:
        """Look at the clock, and at the disk, but spend no more than a twentieth of the time on that.

        Raises:
            TimeIsOver: it is; whatever ``check`` and ``watch`` raise comes through as well.
        """
        self.check()
        begun = time.monotonic()
        if self.deadline is not None and begun > self.deadline:
            raise TimeIsOver
        if begun < self._next_look:
            return
        self.watch()
        self._tell_lines(begun)
        now = time.monotonic()
        self._next_look = now + max(_LOOK, _REST * (now - begun))

    def _tell_lines(self, now: float) -> None:
        if now < self._next_tell or self._told == self._written:
            return
        new = min(self._written - self._told, _TOLD_LINES)
        self._next_tell, self._told = now + _TELL, self._written
        for line in list(self.lines)[-new:]:
            self.tell(line[:_TOLD_LENGTH])

    def _reader(self, kept: Sequence[deque[str]]) -> "_Lines":
        def keep(line: str) -> None:
            text = self.redact(line)[:_LONGEST_LINE]
            self._written += 1
            for lines in (self.lines, *kept):
                lines.append(text)

        return _Lines(keep)


@dataclass(slots=True)
class _Lines:
    """Cuts what a stream delivers into lines; of one that goes on and on, the begin is a line.

    What is written over a line, as progress is on a terminal, is a line as well.
    """

    keep: Callable[[str], None]
    rest: bytes = b""

    def take(self, piece: bytes) -> None:
        *lines, rest = (self.rest + piece).replace(b"\r", b"\n").split(b"\n")
        self.rest = rest[:_MOST_READ]
        if not piece:
            lines.append(self.rest)
        for line in lines:
            text = line[:_MOST_READ].decode("utf-8", "replace").replace("\0", "\ufffd").rstrip()
            if text:
                self.keep(text)


def _read(stream: IO[bytes], lines: _Lines) -> bool:
    piece = os.read(stream.fileno(), _PIECE)
    lines.take(piece)
    return bool(piece)


def _end(running: subprocess.Popen[bytes]) -> None:
    """End what still runs: the guard first ends its program's group, then itself."""
    if running.poll() is not None:
        return
    running.send_signal(signal.SIGTERM)
    # A program may have stopped its guard.
    running.send_signal(signal.SIGCONT)
    try:
        running.wait(_GRACE)
    except subprocess.TimeoutExpired:
        running.kill()
