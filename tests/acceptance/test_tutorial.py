"""The tutorial, command by command, as a newcomer types it."""

import re
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.architecture.documents import DOCS, blocks
from tests.stack.platform import free_port
from tests.stack.process import ROOT, ManagedProcess
from tests.stack.stack import Stack

_PAGE = DOCS / "tutorial" / "first-worker.md"
#: What a checkout is run with.
_CHECKOUT = ("manage.py", "Procfile", "gunicorn.conf.py", "regards_processing", "worker_manager", "workers")
#: A command that goes on until it is stopped, with the variables that are set for it.
_SERVER = re.compile(r"^((?:[A-Z_]+=\S+ )*)((?:honcho start|celery) .*)$\s*\Z", re.MULTILINE)
_EXPORT = re.compile(r"^export .*$", re.MULTILINE)


class Terminals:
    """Types blocks of commands: what runs on does so in a terminal of its own, the rest to its end."""

    def __init__(self, *, checkout: Path, stack: Stack) -> None:
        self.checkout = checkout
        self.environment = stack.environment() | {
            "PATH": f"{sysconfig.get_path('scripts')}:/usr/local/bin:/usr/bin:/bin"
        }
        self.logs = stack.var / "logs"
        self.servers: list[ManagedProcess] = []
        self.exported: list[str] = []
        #: Commands that ended with another code than 0.
        self.failed: list[str] = []
        self._ports = {"8000": str(free_port()), "9301": str(free_port())}

    def type(self, block: str) -> str:
        """Type a block, and return what was printed; a server in its last line goes on."""
        for documented, port in self._ports.items():
            block = block.replace(documented, port)
        server = _SERVER.search(block)
        printed = self._run(_SERVER.sub("", block))
        self.exported += _EXPORT.findall(block)
        if server:
            self._start(f"{server[1]}exec {server[2]}")
        return printed

    def _start(self, command: str) -> None:
        name = f"terminal-{len(self.servers)}"
        server = ManagedProcess(
            name=name,
            command=["bash", "-euc", self._script(command)],
            environment=self.environment,
            log=self.logs / f"{name}.log",
            ready="",
        )
        self.servers.append(server)
        server.launch()

    def _run(self, commands: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", self._script(commands)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        self.failed += [commands] if done.returncode else []
        return done.stdout + done.stderr

    def _script(self, commands: str) -> str:
        return "\n".join([f"cd {self.checkout}", *self.exported, commands])


@contextmanager
def _terminals(*, folder: Path, stack: Stack) -> Iterator[Terminals]:
    """Give terminals in a checkout, with a virtual environment that is there already."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in _CHECKOUT:
        (checkout / name).symlink_to(ROOT / name)
    (checkout / ".venv").symlink_to(Path(sysconfig.get_path("scripts")).parent)
    opened = Terminals(checkout=checkout, stack=stack)
    try:
        yield opened
    finally:
        for server in reversed(opened.servers):
            server.clean_up()


@pytest.mark.embedded
def test_it_does_what_it_says_from_the_first_command_to_the_last(stack: Stack, tmp_path: Path) -> None:
    installation, *commands = blocks(_PAGE, "sh")
    assert "pip install" in installation
    with _terminals(folder=tmp_path, stack=stack) as terminals:
        printed = "".join(map(terminals.type, commands))
        ends = [(server.running, server.tail()) for server in terminals.servers]
    assert [running for running, _ in ends] == [True] * 3, ends
    assert [command for command in terminals.failed if "[]" not in command] == [], printed
    page = _PAGE.read_text("utf-8")
    for words in ("2 passed", "words: List should have at least 1 item", "100 SUCCESS"):
        assert words in printed
        assert words in page
    assert '"text": "good morning"' in printed
    assert '"ready": true' in printed
