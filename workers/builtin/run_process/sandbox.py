"""What the programs of executions may reach: the variables that say so, and the kernel that sees to it."""

import logging
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from workers.builtin.environment import folders
from workers.builtin.run_process import landlock
from workers.sdk.config import WorkerConfig
from workers.sdk.environment import Environment
from workers.sdk.errors import ConfigurationError

log = logging.getLogger(__name__)

_LANDLOCK: Final = Path(landlock.__file__)
_OFF, _BEST_EFFORT, _DEMANDED = "off", "best-effort", "landlock"
_ANY, _NONE = "any", "none"
#: Where programs, their libraries and their settings are.
_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt")
#: What programs ask of the system: themselves, processors, memory, names of hosts. Environment and memory of
#: others are not among it: Landlock keeps those from whoever is in a sandbox.
_KERNEL: Final = ("/proc", "/sys/devices/system", "/sys/fs/cgroup", "/run/systemd/resolve")
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
#: Where variables and keys of the processes of a machine lie that `deploy/` describes.
_KEYS: Final = Path("/etc/regards")
#: Variables that name files with secrets of the fleet.
_SECRET_FILES: Final = ("PROCESS_TOKEN_KEY_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
#: Versions of Landlock that forbid all that is asked for, and the releases of Linux that brought them.
_FILES: Final = (3, "Linux 6.2")
_FILES_AND_TCP: Final = (4, "Linux 6.7")
_REFUSED: Final = re.compile(r"Permission denied|Operation not permitted|\[Errno (?:1|13)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What a program may reach beside the folder of its execution."""

    #: Files and folders to read and to execute.
    readable: tuple[Path, ...]
    #: Files and folders to write as well.
    writable: tuple[Path, ...]
    #: What is never read, whatever lies around it.
    hidden: tuple[Path, ...]
    is_tcp_allowed: bool

    @classmethod
    def from_env(cls, environment: Mapping[str, str], *, version: int) -> Self | None:
        """Read ``PROCESS_SANDBOX…`` of the README; ``None`` when programs run in no sandbox.

        Args:
            environment: variables of the fleet.
            version: that of the kernel's Landlock, 0 for none.

        Raises:
            ConfigurationError: a value makes no sense, or the kernel cannot do what is demanded.
        """
        env = Environment(environment)
        mode = env.choice("PROCESS_SANDBOX", default=_OFF, allowed=(_OFF, _BEST_EFFORT, _DEMANDED))
        network = _network(env)
        hidden = _hidden(environment)
        readable = folders(environment, "PROCESS_SANDBOX_READABLE") or _there_are(_SYSTEM)
        writable = folders(environment, "PROCESS_SANDBOX_WRITABLE")
        if mode == _OFF:
            return None
        _check("PROCESS_SANDBOX_READABLE", readable, [path for path in readable if path.resolve() in hidden])
        _check("PROCESS_SANDBOX_WRITABLE", writable, [path for path in writable if _holds(path, hidden)])
        needed, since = _needed(env)
        if mode == _DEMANDED and version < needed:
            raise ConfigurationError(
                f"PROCESS_SANDBOX={mode}: this kernel has {_told(version)}, {needed} is needed ({since}); "
                f"{_BEST_EFFORT} takes what there is, {_OFF} runs programs as they are"
            )
        if not version:
            return None
        return cls(readable=readable, writable=writable, hidden=hidden, is_tcp_allowed=network == _ANY)

    def around(self, command: Sequence[str], *, folder: Path, readable: Iterable[str]) -> list[str]:
        """Return the command that runs a program in the sandbox.

        Args:
            command: the program, by its whole path, and its arguments.
            folder: that of the execution.
            readable: what this program reads beside.
        """
        rules = [
            *(f"read={path}" for path in (*self.readable, *_KERNEL, *readable, command[0])),
            *(f"write={path}" for path in (*self.writable, *_DEVICES, folder)),
            *(f"hide={path}" for path in self.hidden),
            *(() if self.is_tcp_allowed else ("tcp=no",)),
        ]
        return [sys.executable, "-I", "-S", str(_LANDLOCK), *rules, "--", *command]

    def explained(self, reason: str) -> str:
        """Return why a program failed, and what to look at when it was refused something."""
        if not _REFUSED.search(reason):
            return reason
        network = "" if self.is_tcp_allowed else "; PROCESS_SANDBOX_NETWORK forbids TCP"
        return (
            f"{reason}\nIt ran in a sandbox: what it may read and write is in PROCESS_SANDBOX_READABLE and "
            f"PROCESS_SANDBOX_WRITABLE of its fleet{network}"
        )


def check(environment: Mapping[str, str], *, version: int) -> None:
    """Say, when a fleet starts, what its programs run in.

    Raises:
        ConfigurationError: a value makes no sense, or the kernel cannot do what is demanded.
    """
    Sandbox.from_env(environment, version=version)
    if Environment(environment).text("PROCESS_SANDBOX", default=_OFF).lower() == _OFF:
        return
    needed, since = _needed(Environment(environment))
    facts = {"action": "sandbox.on", "landlock": version}
    if version >= needed:
        log.info("programs run in a sandbox", extra=facts)
    else:
        reason = f"this kernel has {_told(version)}, all of it needs {needed} ({since})"
        log.warning("programs run without all of a sandbox", extra=facts | {"reason": reason})


def _network(env: Environment) -> str:
    return env.choice("PROCESS_SANDBOX_NETWORK", default=_ANY, allowed=(_ANY, _NONE))


def _needed(env: Environment) -> tuple[int, str]:
    """Return the version of Landlock that can do what is asked for, and the Linux that brought it."""
    return _FILES if _network(env) == _ANY else _FILES_AND_TCP


def _hidden(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where the fleet keeps what no program should see, links resolved."""
    config = WorkerConfig.from_env(environment)
    own = (config.var, config.workdir, config.storage, config.checkpoints, config.secrets, config.recordings)
    named = [Path(file) for name in _SECRET_FILES if (file := environment.get(name))]
    return tuple(dict.fromkeys(path.resolve() for path in (_KEYS, *filter(None, own), *named)))


def _there_are(paths: Iterable[str]) -> tuple[Path, ...]:
    return tuple(path for path in map(Path, paths) if os.access(path, os.F_OK))


def _holds(path: Path, hidden: Iterable[Path]) -> bool:
    return any(each.is_relative_to(path.resolve()) for each in hidden)


def _check(name: str, paths: Iterable[Path], too_much: Sequence[Path]) -> None:
    absent = [str(path) for path in paths if not os.access(path, os.F_OK)]
    if absent:
        raise ConfigurationError(f"{name} must hold paths that there are, got {absent[0]!r}")
    if too_much:
        raise ConfigurationError(
            f"{name} must not open what the fleet keeps to itself (storage, work folders, secrets), "
            f"got {str(too_much[0])!r}: name folders beside or below it"
        )


def _told(version: int) -> str:
    return f"version {version} of Landlock" if version else "no Landlock that may be used"
