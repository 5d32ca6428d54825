"""Confines this process by Landlock and becomes a program: what that starts is confined as well.

Run by itself, with nothing but the standard library:
``python -I -S landlock.py [read=PATH …] [write=PATH …] [hide=PATH …] [tcp=no] -- PROGRAM [ARGUMENT …]``.
Exit code: that of the program; 127 when it cannot be confined or cannot be started.

Note: what is hidden.
    Landlock grants and never takes away: who may read a folder may read all below it. A folder with something
    hidden in it is therefore granted entry by entry, without that one.
"""

import ctypes
import os
import signal
import stat
import struct
import sys
from collections.abc import Iterable, Iterator

#: System calls, the same on all machines but Alpha.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_FOR_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAPBSET_DROP = 24
_PR_CAP_AMBIENT, _CLEAR_ALL = 47, 4
#: What the system call for capabilities is told: its version and this process, then three empty sets.
_CAPABILITIES = (struct.pack("=Ii", 0x20080522, 0), bytes(24))

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHARACTER_DEVICE, _MAKE_BLOCK_DEVICE = 1 << 6, 1 << 11
_TRUNCATE, _CONTROL_DEVICE = 1 << 14, 1 << 15
#: Rights to files by the version that began to know them.
_FILES = ((1, (1 << 13) - 1), (2, 1 << 13), (3, _TRUNCATE), (5, _CONTROL_DEVICE))
_READ = _EXECUTE | _READ_FILE | _READ_DIR
#: Rights that what is no folder can have.
_NO_FOLDER = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _CONTROL_DEVICE
#: Listening and connecting by TCP, since version 4.
_TCP, _TCP_SINCE = 0b11, 4
#: Signals to other processes and sockets without a path, beyond the sandbox, since version 6.
_SCOPES, _SCOPES_SINCE = 0b11, 6
#: As the guard says it.
_CANNOT_START = 127

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def version() -> int:
    """Return the version of the kernel's Landlock; 0 where there is none, or where it must not be used."""
    try:
        return _called(_CREATE_RULESET, None, 0, _ASK_FOR_VERSION)
    except OSError:
        return 0


def confine(
    *, readable: Iterable[str], writable: Iterable[str], hidden: Iterable[str], is_tcp_allowed: bool
) -> None:
    """Take from this process, for ever, whatever is not named here and the kernel knows how to take.

    Args:
        readable: files and folders to read and to execute; those that there are not are passed over.
        writable: files and folders to do anything with but to make devices.
        hidden: absolute paths without links; what is below a folder of the above and here is not granted.
        is_tcp_allowed: whether TCP may be used.

    Raises:
        OSError: the kernel has no Landlock, or refuses.
    """
    known = version()
    files = sum(rights for since, rights in _FILES if since <= known)
    network = 0 if is_tcp_allowed or known < _TCP_SINCE else _TCP
    scopes = _SCOPES if known >= _SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", files, network, scopes)
    ruleset = _called(_CREATE_RULESET, attributes, len(attributes), 0)
    away = [*hidden]
    for path in readable:
        _grant(ruleset, path, _READ, away)
    for path in writable:
        _grant(ruleset, path, files & ~(_MAKE_CHARACTER_DEVICE | _MAKE_BLOCK_DEVICE), away)
    # No program gets other rights than its parent has, by its owner for example: Landlock asks for it.
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1))
    _drop_capabilities()
    _called(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def main(arguments: list[str]) -> int:
    """Confine this process, and become the program; return only when that cannot be done."""
    end = arguments.index("--")
    command = arguments[end + 1 :]
    rules: dict[str, list[str]] = {"read": [], "write": [], "hide": [], "tcp": []}
    for rule in arguments[:end]:
        kind, _, value = rule.partition("=")
        rules[kind].append(value)
    try:
        confine(
            readable=rules["read"],
            writable=rules["write"],
            hidden=rules["hide"],
            is_tcp_allowed=not rules["tcp"],
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be confined by Landlock: {error.strerror}\n")
        return _CANNOT_START
    # Python ignores these, and who is ignored stays so: pipelines of the program would not end.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execv(command[0], command)  # noqa: S606 (the program that an administrator configured)
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
    return _CANNOT_START


def _grant(ruleset: int, path: str, rights: int, hidden: list[str]) -> None:
    for seen in _without(os.path.realpath(path), hidden):
        try:
            handle = os.open(seen, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
        # What is not there, or cannot be reached, needs no right.
        except OSError:
            continue
        try:
            is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
            rule = struct.pack("=Qi", rights if is_folder else rights & _NO_FOLDER, handle)
            _called(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        finally:
            os.close(handle)


def _without(path: str, hidden: list[str]) -> Iterator[str]:
    """Yield what to grant instead of a path, so that nothing hidden is granted with it."""
    if path in hidden:
        return
    below = path if path.endswith("/") else f"{path}/"
    if not any(each.startswith(below) for each in hidden):
        yield path
        return
    try:
        with os.scandir(path) as entries:
            # A link leads elsewhere, where other rules hold.
            names = [entry.path for entry in entries if not entry.is_symlink()]
    except OSError:
        return
    for name in names:
        yield from _without(name, hidden)


def _drop_capabilities() -> None:
    """Take from this process what root may do beyond its files: some of it leads around Landlock.

    With CAP_PERFMON, for example, Linux 6.18 shows the environment of any process.
    """
    capability = 0
    # Ends after the last one, and at the first where this process has no say in it.
    while _prctl(_PR_CAPBSET_DROP, capability) == 0:
        capability += 1
    _prctl(_PR_CAP_AMBIENT, _CLEAR_ALL)
    _checked(_libc.capset(*_CAPABILITIES))


def _prctl(option: int, argument: int) -> int:
    return int(_libc.prctl(option, *map(ctypes.c_ulong, (argument, 0, 0, 0))))


def _called(number: int, *arguments: bytes | int | None) -> int:
    """Make a system call; return what it returns.

    Raises:
        OSError: it failed.
    """
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *words))


def _checked(done: int) -> int:
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
