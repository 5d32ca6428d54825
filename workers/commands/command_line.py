"""The command line of the SDK: results on standard output, everything else on standard error."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter, _SubParsersAction
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workers.commands import conformance, listing, replay, scaffold, schemas, workflow_file
from workers.sdk.config import WorkerConfig
from workers.sdk.errors import WorkerError

if TYPE_CHECKING:
    # Only for annotations: the class is generic for type checkers alone.
    Commands = _SubParsersAction[ArgumentParser]

_DESCRIPTION: Final = """Make, list, describe and check worker types.

A worker type is one function: it gets a request, and returns a result. A fleet is any number of processes
that run it. The way to a first one:

  1. python -m workers new shout             a folder with the worker type, its test and its README
  2. python -m pytest shout                  the test passes; now make the function do what you need
  3. PYTHONPATH=shout WORKER_MODULES=shout celery -A workers worker --types shout
"""
_EXAMPLES: Final = """examples:
  python -m workers new scene-index --folder types/scene_index
  python -m workers list --modules shout
  python -m workers schema shout --modules shout
  python -m workers workflow my_flows:INGEST > ingest.json && manage.py import_configuration ingest.json
  python -m workers replay recorded --modules shout
  python -m workers conformance --url amqp://guest:guest@localhost// --type shout

The guide: docs/reference/worker-sdk.md, and docs/tutorial/first-worker.md for the first steps."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit code."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        config = WorkerConfig.from_env()
        options = _parser(config).parse_args(arguments)
        code: int = options.run(options)
    except WorkerError as error:
        sys.stderr.write(f"python -m workers: {error}\n")
        return 1
    except BrokenPipeError:
        # Whoever reads has seen enough; nothing more may be written when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser(config: WorkerConfig) -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m workers",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_new(commands)
    _add_list(commands, config)
    _add_schema(commands, config)
    _add_workflow(commands)
    _add_replay(commands, config)
    _add_conformance(commands, config)
    return parser


def _add(commands: "Commands", name: str, run: Callable[[Any], int], about: str) -> ArgumentParser:
    command = commands.add_parser(name, help=about, description=f"{about}.", allow_abbrev=False)
    command.set_defaults(run=run)
    return command


def _add_new(commands: "Commands") -> None:
    new = _add(
        commands, "new", scaffold.run, "write a worker type, its test and its README into a new folder"
    )
    new.add_argument("type", metavar="TYPE", help="name of the worker type, such as scene-index")
    new.add_argument(
        "--folder",
        type=Path,
        help="where to write it; must be new or empty (default: the name of the module, in this folder)",
    )


def _add_list(commands: "Commands", config: WorkerConfig) -> None:
    listed = _add(commands, "list", listing.run, "show the worker types there are, built-in and your own")
    _add_modules(listed, config)
    listed.add_argument("--json", action="store_true", help="write an array of objects (default: a table)")


def _add_schema(commands: "Commands", config: WorkerConfig) -> None:
    schema = _add(
        commands, "schema", schemas.run, "write the JSON Schema of what a worker type takes and makes"
    )
    schema.add_argument("type", metavar="TYPE", help="name of the worker type")
    _add_modules(schema, config)


def _add_workflow(commands: "Commands") -> None:
    workflow = _add(
        commands,
        "workflow",
        workflow_file.run,
        "write a workflow of Python, a chain of worker types, as a configuration file",
    )
    workflow.add_argument(
        "workflow",
        metavar="MODULE:NAME",
        help="a variable that holds a workers.sdk.workflows.Workflow; the result is what manage.py "
        "import_configuration reads",
    )


def _add_replay(commands: "Commands", config: WorkerConfig) -> None:
    replayed = _add(
        commands,
        "replay",
        replay.run,
        "run requests again that a fleet has recorded (WORKER_RECORD_DIR), and tell which are answered "
        "in another way",
    )
    replayed.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the recordings")
    replayed.add_argument("--type", help="only those of this worker type (default: all)")
    _add_modules(replayed, config)


def _add_conformance(commands: "Commands", config: WorkerConfig) -> None:
    examined = _add(
        commands,
        "conformance",
        conformance.run,
        "play the manager to a running worker of any language, and tell what it does right and wrong",
    )
    examined.add_argument(
        "--url",
        default=config.broker_url or None,
        required=not config.broker_url,
        help="broker and virtual host, without a manager in it, as amqp://user:password@host:port/virtual "
        "host (default: BROKER_URL)",
    )
    examined.add_argument("--type", required=True, help="worker type that is served there")
    examined.add_argument("--content", default="{}", help="a body that it processes (default: %(default)s)")
    examined.add_argument("--invalid", help="a body that it refuses (default: none, the point stays open)")
    examined.add_argument(
        "--tenant",
        default=config.tenant,
        help="tenant of the requests (default: WORKER_TENANT, now: %(default)s)",
    )
    examined.add_argument(
        "--timeout", type=float, default=30.0, help="seconds that each answer may take (default: %(default)s)"
    )
    examined.add_argument(
        "--beat-timeout",
        type=float,
        default=60.0,
        help="seconds in which it must have beaten (default: %(default)s)",
    )


def _add_modules(command: ArgumentParser, config: WorkerConfig) -> None:
    command.add_argument(
        "--modules",
        metavar="A,B",
        default=",".join(config.modules),
        help="Python modules that declare worker types of your own "
        "(default: WORKER_MODULES, now: %(default)s)"
        if config.modules
        else "Python modules that declare worker types of your own (default: WORKER_MODULES, now: none)",
    )
