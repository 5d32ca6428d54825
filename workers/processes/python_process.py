"""Functions in a process of their own, under the limits of programs: called by name, heard by how it ends."""

import json
import logging
import os
import resource
import stat
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from workers.processes.job import Ended, ProcessFailed, ProgramRunner
from workers.processes.plugin import InvalidParameters

#: Files beside ``input`` and ``output``: what to do, and why it was not done.
_CALL: Final = ".call.json"
_FAILURE: Final = ".failure"
_FAILED: Final = 1
#: Bytes of a reason that are told.
_LONGEST_REASON: Final = 64 * 1024
#: The process begins without any path of the machine's Python but the standard library's.
_BOOT: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from workers.processes.python_process import main; sys.exit(main(sys.argv[2]))"
)


def call(
    target: str,
    arguments: Mapping[str, Any],
    *,
    folder: Path,
    run_program: ProgramRunner,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Call a function, ``package.module:name``, with what JSON can hold, and wait for its process to end.

    Raises:
        ProcessFailed: the function raised something, or its process was ended; the text says why.
    """
    file = _write({"target": target, "arguments": dict(arguments)}, folder)
    paths = [os.path.abspath(path) for path in sys.path]  # noqa: PTH100 (an empty text is this folder)
    command = [sys.executable, "-I", "-X", "utf8", "-u", "-c", _BOOT, json.dumps(paths), str(file)]
    readable = [sys.prefix, sys.base_prefix, *paths]
    ended = run_program(command, environment=environment or {}, readable=readable)
    if ended.exit_code:
        raise ProcessFailed(_reason(folder, ended))


def main(path: str) -> int:
    """Carry out the call that a file describes; return the exit code of the process."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    file = Path(path)
    told = json.loads(file.read_text("utf-8"))
    # The function has its arguments in memory; nothing else should find them.
    file.unlink()
    try:
        found(told["target"])(told["arguments"])
    except (ProcessFailed, InvalidParameters) as error:
        return _failed(file.parent, str(error))
    except MemoryError as error:
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        return _failed(
            file.parent, f"It needs more memory than the {limit} bytes of PROCESS_MAX_MEMORY: {error}"
        )
    # Whatever a function raises, SystemExit included, has a reason to be told.
    except BaseException as error:  # noqa: BLE001
        traceback.print_exc()
        return _failed(file.parent, f"{type(error).__name__}: {error}")
    return 0


def found(name: str) -> Any:
    """Return what ``package.module:path.of.names`` names."""
    module, _, path = name.partition(":")
    reached: Any = import_module(module)
    for part in path.split("."):
        reached = getattr(reached, part)
    return reached


def _write(told: Mapping[str, Any], folder: Path) -> Path:
    """Write what the process needs to know where only this account can read it: an argument may be secret."""
    path = folder / _CALL
    # Of our own making: what a program before has left there is none of it.
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(json.dumps(told), "utf-8")
    return path


def _reason(folder: Path, ended: Ended) -> str:
    reason = _read_plain(folder / _FAILURE)
    if reason:
        return reason
    told = "".join(f"\n{line}" for line in ended.last_errors)
    return f"The process of the function ended with status code {ended.exit_code}{told}"


def _read_plain(path: Path) -> str:
    """Return the beginning of a file; nothing where there is none, or a link or pipe that a function made."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        is_plain = stat.S_ISREG(os.fstat(handle).st_mode)
        return os.read(handle, _LONGEST_REASON).decode("utf-8", "replace") if is_plain else ""
    finally:
        os.close(handle)


def _failed(folder: Path, reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    try:
        (folder / _FAILURE).write_text(reason, "utf-8", "replace")
    except OSError:
        # The disk may be what is full: the fleet then tells the last lines of this process.
        sys.stderr.write("The reason could not be written down\n")
    # At once: threads of a library must not keep a process that has failed.
    sys.stderr.flush()
    os._exit(_FAILED)
