"""Runs a command as on a kernel without Landlock: ``python -m …without_landlock PROGRAM [ARGUMENT …]``.

A filter of system calls (seccomp) answers the first call of Landlock as such a kernel does.
"""

import ctypes
import errno
import os
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_CREATE_RULESET = 444
_LOAD, _IS_EQUAL, _RETURN = 0x20, 0x15, 0x06
_REFUSE, _ALLOW = 0x00050000 | errno.ENOSYS, 0x7FFF0000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def forbid_landlock() -> None:
    """Take Landlock from this process and its children."""
    steps = (
        # The number of the call; when it is the one, the next step, else the one after that.
        struct.pack("=HBBI", _LOAD, 0, 0, 0),
        struct.pack("=HBBI", _IS_EQUAL, 0, 1, _CREATE_RULESET),
        struct.pack("=HBBI", _RETURN, 0, 0, _REFUSE),
        struct.pack("=HBBI", _RETURN, 0, 0, _ALLOW),
    )
    program = _Program(len(steps), b"".join(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    nothing = ctypes.c_ulong(0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), nothing, nothing, nothing)
    if libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(program), nothing, nothing):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    forbid_landlock()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 (the command of a test)
