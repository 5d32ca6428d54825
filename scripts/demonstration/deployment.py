"""The platform of the demonstration: its folder, its environment and its processes."""

import os
import secrets
import shlex
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from regards_processing.kernel.amqp.connection import BrokerAddress
from scripts.demonstration.processes import NotRunning, Process, run
from scripts.demonstration.servers import Servers

#: What a caller may have set for a platform of their own.
_FOREIGN: Final = ("REGARDS_", "WORKER_", "DJANGO_", "CELERY_")
_NOT_INHERITED: Final = frozenset(
    {
        "AMQP_INSTANCE_ID",
        "BROKER_URL",
        "DATABASE_URL",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "PORT",
        "SECRET_KEY",
        "DEBUG",
    }
)
#: Seconds of one request to the web server while it boots.
_WEB_TIMEOUT: Final = 1.0
FLEETS: Final = 2


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class CommandFailed(Exception):
    """A command of ``manage.py`` failed; the text is what it wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One platform on this machine."""

    var: Path
    servers: Servers
    port: int = field(default_factory=_free_port)

    @property
    def incoming(self) -> Path:
        """The folder where the data centre's archives arrive: the only one that workers may read."""
        return self.var / "incoming"

    @property
    def storage(self) -> Path:
        """The folder of the results."""
        return self.var / "storage"

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.var / "logs"

    @property
    def web_address(self) -> str:
        """Where the web server listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def _login_page(self) -> str:
        return f"{self.web_address}/admin/login/"

    @property
    def broker(self) -> BrokerAddress:
        """Where a client of this platform publishes."""
        return BrokerAddress(url=self.servers.broker_url or "", folder=self.var / "broker")

    def environment(self) -> dict[str, str]:
        """Return the environment of every process."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in _NOT_INHERITED and not name.startswith(_FOREIGN)
        }
        return inherited | self.servers.variables() | self._own_variables()

    def _own_variables(self) -> dict[str, str]:
        return {
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "REGARDS_FILE_ROOTS": str(self.incoming),
            "REGARDS_SHARED_STORAGE": str(self.storage),
            "REGARDS_VAR": str(self.var),
            "REGARDS_WORKDIR": str(self.var / "work"),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "REGARDS_JWT_SECRET": secrets.token_urlsafe(64),
        }

    def write_environment(self, environment: Mapping[str, str]) -> Path:
        """Write what sets this platform apart as a file for shells, and return it; it holds secrets."""
        names = sorted({*self.servers.variables(), *self._own_variables()})
        file = self.var / "environment"
        file.touch(mode=0o600)
        file.write_text("".join(f"export {name}={shlex.quote(environment[name])}\n" for name in names))
        return file

    def make_folders(self) -> None:
        """Make the folders that are there before the first process starts."""
        for folder in (self.incoming, self.storage, self.logs):
            folder.mkdir(parents=True)

    def processes(self, *, worker_types: list[str]) -> list[Process]:
        """Return the processes of the Procfile, with several fleets that serve every worker type."""
        # The control socket would be a file in the caller's home.
        bind = ["--no-control-socket", "--bind", f"127.0.0.1:{self.port}"]
        jobs = ["-A", "regards_processing", "worker", "-P", "solo", "-n", "jobs@%h", "-l", "INFO"]
        web = ["-m", "gunicorn", "regards_processing.wsgi", *bind]
        return [
            Process(name="manager", arguments=["manage.py", "consume"], ready=_wrote("consuming")),
            *(_fleet(number, worker_types) for number in range(1, FLEETS + 1)),
            Process(name="web", arguments=web, ready=self._answers),
            Process(name="jobs", arguments=["-m", "celery", *jobs], ready=_wrote(" ready.")),
            Process(
                name="beat",
                arguments=["-m", "celery", "-A", "regards_processing", "beat", "-l", "INFO"],
                # It says nothing more: its own logger is set to warnings.
                ready=_wrote("maxinterval"),
            ),
        ]

    def _answers(self, _log: str) -> bool:
        try:
            with urllib.request.urlopen(self._login_page, timeout=_WEB_TIMEOUT) as page:  # noqa: S310 (our own)
                return bool(page.status == 200)  # noqa: PLR2004 (HTTP's OK)
        except urllib.error.HTTPError as error:
            raise NotRunning(f"the web server answers {error.code} to {error.url}") from error
        except OSError:
            return False


def manage(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run a command of ``manage.py`` to its end and return what it printed.

    Raises:
        CommandFailed: it ended with another code than 0.
    """
    done = run([sys.executable, "manage.py", *arguments], environment=environment)
    if done.returncode:
        raise CommandFailed(
            f"manage.py {arguments[0]} ended with code {done.returncode}:\n{done.stderr.strip()}"
        )
    return done.stdout


def _fleet(number: int, worker_types: list[str]) -> Process:
    name = f"fleet-{number}"
    options = ["--types", ",".join(worker_types), "-P", "solo", "-n", f"{name}@%h", "-l", "INFO"]
    return Process(
        name=name,
        arguments=["-m", "celery", "-A", "workers", "worker", *options],
        variables={"WORKER_ID": name},
        ready=_wrote(" ready."),
    )


def _wrote(words: str) -> Callable[[str], bool]:
    return lambda log: words in log
