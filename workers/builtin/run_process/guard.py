"""Starts a program and stays with it: when the fleet dies, the program and all its children end.

Run by itself, with nothing but the standard library: ``python -I -S guard.py MEMORY PROGRAM [ARGUMENT …]``.
Exit code: that of the program; 128 and the signal's number when a signal ended it; 127 when it cannot be
started.
"""

import ctypes
import os
import resource
import signal
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
        child = _start(command, libc, memory)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
        return CANNOT_START
    finally:
        # Whoever asks again, as the end of the fleet does, must not break this off.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if child is not None:
            _end_group(child)
        _end_orphans()
    return code if code >= 0 else _BY_SIGNAL - code


def _start(command: list[str], libc: ctypes.CDLL, memory: int) -> int:
    """Start a program; return its process id, which is that of its group.

    By hand: importing ``subprocess`` would take half the time of the guard.

    Raises:
        OSError: it cannot be started.
    """
    # Both ends close when the program begins, so nothing but a failure is ever read.
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _prepare(libc, memory)
            os.execv(command[0], command)  # noqa: S606 (the program that an administrator configured)
        except OSError as error:
            os.write(tell, str(error.errno).encode())
        finally:
            os._exit(CANNOT_START)
    os.close(tell)
    with open(told, "rb") as failure:  # noqa: PTH123 (a pipe)
        number = failure.read()
    if number:
        os.waitpid(child, 0)
        raise OSError(int(number), os.strerror(int(number)))
    return child


def _prepare(libc: ctypes.CDLL, memory: int) -> None:
    """Prepare the child: its memory, and that it does not outlive this process, whoever kills that."""
    # Python ignores two of these, and who is ignored stays so: pipelines of the program would not end.
    for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
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
    while _has_children():
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _has_children() -> bool:
    """Tell it without a look at every process of the machine: most programs leave nothing behind."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


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
