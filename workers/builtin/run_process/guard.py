"""Starts a program and stays with it: when the fleet dies, the program and all its children end.

Run by itself, with nothing but the standard library: ``python -I -S guard.py MEMORY PROGRAM [ARGUMENT …]``.
Exit code: that of the program; 128 and the signal's number when a signal ended it; 127 when it cannot be
started.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
from types import FrameType

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
#: As shells say that there is no such program.
CANNOT_START = 127
_BY_SIGNAL = 128


def main(memory: int, command: list[str]) -> int:
    """Run a program in a process group of its own, and end the group with it."""
    parent = os.getppid()
    signal.signal(signal.SIGTERM, _leave)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != parent:
        return CANNOT_START
    child = None
    try:
        # One thread only: nothing else can hold a lock while the child is prepared.
        child = subprocess.Popen(  # noqa: S603 (the program that an administrator configured)
            command,
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=lambda: _limit(libc, memory),  # noqa: PLW1509 (see above)
        )
        code = child.wait()
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
        return CANNOT_START
    finally:
        # Whoever asks again, as the end of the fleet does, must not break this off.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if child is not None:
            _end_group(child.pid)
        _end_orphans()
    return code if code >= 0 else _BY_SIGNAL - code


def _limit(libc: ctypes.CDLL, memory: int) -> None:
    """Prepare the child: its memory, and that it does not outlive this process, whoever kills that."""
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(_BY_SIGNAL + signal.SIGTERM)


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _end_orphans() -> None:
    """End what a program left behind, also where it left its process group: orphans come to this process."""
    while children := _children():
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _children() -> list[int]:
    own = str(os.getpid())
    pids = filter(str.isdigit, os.listdir("/proc"))  # noqa: PTH208 (starts faster without pathlib)
    return [int(pid) for pid in pids if _parent_of(pid) == own]


def _parent_of(pid: str) -> str | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 (likewise)
            # The name, in brackets, may hold anything; state and parent follow it.
            return file.read().rpartition(")")[2].split()[1]
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
