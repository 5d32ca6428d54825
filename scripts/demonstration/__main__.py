"""Run the demonstration; `scripts/demo --help` says how."""

import argparse
import logging
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.listener import Listener
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.management.arguments import counted
from scripts.demonstration import execution
from scripts.demonstration.deliveries import landsat, receive
from scripts.demonstration.deployment import CommandFailed, Deployment, manage
from scripts.demonstration.execution import ExecutionVerdict
from scripts.demonstration.interruption import Interrupted, listen_to_signals, undisturbed
from scripts.demonstration.observation import Observer
from scripts.demonstration.ordering import OrderService
from scripts.demonstration.orders import TENANT, Order, Verdict, judge, workflow_of, write_orders
from scripts.demonstration.processes import ROOT, NotRunning, Process, Processes
from scripts.demonstration.screen import Board, open_console, show_table
from scripts.demonstration.servers import Servers, UnusableServer, Wish, open_servers
from worker_manager.client.following import Followed, Following
from worker_manager.client.submitting import submit_and_follow
from worker_manager.configuration.workflow_items import WorkflowItem
from workers.contract import names

_CONFIGURATION: Final = ROOT / "docs" / "examples" / "scenes.json"
#: Seconds that all requests together may take.
_PATIENCE: Final = 300.0
_FAILURES: Final = (NotRunning, CommandFailed, UnusableServer, BrokerUnavailable)


class Demonstration:
    """One run, from an empty folder to a table."""

    def __init__(self, *, console: Console, var: Path, options: argparse.Namespace) -> None:
        self._console = console
        self._var = var
        self._options = options
        self._started = time.monotonic()

    def run(self) -> int:
        """Run it and return the exit code: 0 only if every result was checked and is true."""
        workflow = workflow_of(_CONFIGURATION)
        steps = dict.fromkeys(name for step in workflow.steps for name in step.worker_types)
        worker_types = [*steps, execution.WORKER_TYPE]
        with ExitStack() as stack:
            wish = _wish(self._options)
            if (wish.postgres or wish.rabbitmq) and wish.given == Servers():
                self._say("starting private servers")
            servers = stack.enter_context(open_servers(wish=wish, var=self._var, worker_types=worker_types))
            deployment = Deployment(var=self._var, servers=servers)
            deployment.make_folders()
            _log_to(deployment.logs / "demo.log")
            environment = deployment.environment()
            self._say(f"platform in {self._var}, on {servers}")
            self._set_up(environment)
            processes = stack.enter_context(Processes(environment=environment, logs=deployment.logs))
            processes.start(deployment.processes(worker_types=worker_types), on_ready=self._tell_ready)
            verdicts = self._work(deployment, workflow)
            self._show(verdicts, workflow, deployment)
            executed = self._execute(deployment, environment)
            code = self._conclude(verdicts, executed)
            if self._options.keep:
                self._keep(deployment, environment, processes)
            return code

    def _set_up(self, environment: dict[str, str]) -> None:
        manage("migrate", "--skip-checks", "--verbosity", "0", environment=environment)
        manage("create_tenant", TENANT, environment=environment)
        imported = manage(
            "import_configuration", str(_CONFIGURATION), "--tenant", TENANT, environment=environment
        )
        self._say(f"database migrated, {_CONFIGURATION.relative_to(ROOT)}: {imported.strip()}")

    def _tell_ready(self, process: Process) -> None:
        self._say(f"{process.name} is ready")

    def _work(self, deployment: Deployment, workflow: WorkflowItem) -> list[Verdict]:
        """Submit all orders, follow them to their end, and check what came of them."""
        orders = write_orders(
            deliveries=receive(folder=deployment.incoming), count=self._options.requests, workflow=workflow
        )
        steps = [" + ".join(step.worker_types) for step in workflow.steps]
        self._say(f"{len(orders)} requests for workflow {workflow.workflow_type}: {' → '.join(steps)}")
        publisher = Publisher(address=deployment.broker)
        exchanges = (topology.RESPONSE_EVENT_EXCHANGE, names.FENCED_ANSWERS)
        client = f"demo-{secrets.token_hex(8)}"
        try:
            with ExitStack() as stack:
                with undisturbed():
                    listener = stack.enter_context(
                        Listener(client_id=client, exchanges=exchanges, address=deployment.broker)
                    )
                board = stack.enter_context(Board(console=self._console, orders=orders, steps=steps))
                observer = Observer(listener, clock=time.monotonic)
                ended = _follow(orders, observer=observer, publisher=publisher, board=board)
        finally:
            publisher.close()
        return [
            judge(
                order=order,
                followed=ended.get(order.request_id),
                journey=observer.journeys[order.request_id],
            )
            for order in orders
        ]

    def _show(self, verdicts: Sequence[Verdict], workflow: WorkflowItem, deployment: Deployment) -> None:
        steps = [" + ".join(step.worker_types) for step in workflow.steps]
        show_table(console=self._console, verdicts=verdicts, steps=steps, storage=deployment.storage / TENANT)

    def _execute(self, deployment: Deployment, environment: dict[str, str]) -> ExecutionVerdict:
        """Order an execution of rs-processing over a scene, as rs-order does, and check what came of it."""
        self._say("an execution: a process that crops, a batch by REST, the order by AMQP")
        role = ("--tenant", TENANT, "--user", "demo", "--role", "PROJECT_ADMIN")
        token = manage("issue_token", *role, environment=environment).strip()
        program = execution.write_program(self._var)
        publisher = Publisher(address=deployment.broker)
        exchanges = (topology.EXECUTION_RESULT_EXCHANGE,)
        client = f"demo-{secrets.token_hex(8)}"
        try:
            with ExitStack() as stack:
                with undisturbed():
                    hearing = stack.enter_context(
                        Listener(client_id=client, exchanges=exchanges, address=deployment.broker)
                    )
                service = OrderService(
                    address=deployment.web_address, token=token, publisher=publisher, hearing=hearing
                )
                verdict = execution.carry_out(
                    service=service, program=program, original=landsat(), incoming=deployment.incoming
                )
        finally:
            publisher.close()
        execution.show(verdict, console=self._console)
        return verdict

    def _conclude(self, verdicts: Sequence[Verdict], executed: ExecutionVerdict) -> int:
        false = [verdict for verdict in verdicts if verdict.fault]
        facts = sum(verdict.facts for verdict in verdicts)
        self._console.print(
            f"{len(verdicts) - len(false)} of {len(verdicts)} results are true: {facts} facts compared with "
            f"the delivered files. The execution is {'FALSE' if executed.fault else 'true'}: "
            f"{executed.facts} facts. {time.monotonic() - self._started:.1f} s in all."
            + ("" if self._options.keep else " The results are removed now; --keep keeps them.")
        )
        return 1 if false or executed.fault else 0

    def _keep(self, deployment: Deployment, environment: dict[str, str], processes: Processes) -> None:
        """Leave the platform running until somebody asks to stop."""
        password = secrets.token_urlsafe(9)
        credentials = {"DJANGO_SUPERUSER_USERNAME": "admin", "DJANGO_SUPERUSER_PASSWORD": password}
        address = {"DJANGO_SUPERUSER_EMAIL": "admin@localhost.invalid"}
        manage("createsuperuser", "--noinput", environment=environment | credentials | address)
        self._console.print(
            f"\nThe platform is running. Dashboard: [bold]{deployment.web_address}/dashboard/[/]  "
            f"Admin: [bold]{deployment.web_address}/admin/[/]  "
            f"user [bold]admin[/]  password [bold]{password}[/]\n"
            f"Results: {deployment.storage}\nLogs:    {deployment.logs}",
            soft_wrap=True,
        )
        self._teach_asking(deployment, environment)
        try:
            while True:
                time.sleep(1)
                processes.check()
        except Interrupted:
            self._console.print("stopping")

    def _teach_asking(self, deployment: Deployment, environment: dict[str, str]) -> None:
        """Print what another terminal must know of this platform to ask it something."""
        file = deployment.write_environment(environment)
        issue = f"{sys.executable} manage.py issue_token --tenant {TENANT} --user ada --role PROJECT_ADMIN"
        lines = [
            f"cd {ROOT}",
            f". {file}",
            f"token=$({issue})",
            f"manager={deployment.web_address}/api/v1/rs-worker-manager",
            'curl -H "Authorization: Bearer $token" "$manager/fleets?_pretty"',
        ]
        self._console.print(
            "To ask it, in another terminal, as README.md does; manage.py knows it there too:"
        )
        for line in lines:
            self._console.print(f"  {line}", markup=False, soft_wrap=True)
        self._console.print("Ctrl-C stops it.")

    def _say(self, text: str) -> None:
        self._console.print(f"{time.monotonic() - self._started:5.1f} s  {text}", soft_wrap=True)


def _follow(
    orders: Sequence[Order], *, observer: Observer, publisher: Publisher, board: Board
) -> dict[str, Followed]:
    observer.submitted([order.request_id for order in orders])
    ended: dict[str, Followed] = {}
    for followed in submit_and_follow(
        submissions=[order.submission for order in orders],
        following=Following(tenant=TENANT),
        hearing=observer,
        publisher=publisher,
        patience=_PATIENCE,
        on_turn=lambda: board.update(observer.journeys),
    ):
        ended[followed.request_id] = followed
        board.ended(followed.request_id, state=str(followed.state), seconds=followed.seconds)
    return ended


def _wish(options: argparse.Namespace) -> Wish:
    """Return the servers that were asked for, by option or by variable."""
    database = options.postgres or os.environ.get("DATABASE_URL") or None
    broker = options.rabbitmq or os.environ.get("BROKER_URL") or None
    return Wish(
        postgres=options.postgres is not None,
        rabbitmq=options.rabbitmq is not None,
        given=Servers(database_url=database, broker_url=broker),
    )


def _log_to(file: Path) -> None:
    """Keep our own log apart from what is shown."""
    logging.basicConfig(filename=file, level=logging.INFO)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", add_help=False, allow_abbrev=False)
    parser.add_argument("--postgres", nargs="?", const="", metavar="URL")
    parser.add_argument("--rabbitmq", nargs="?", const="", metavar="URL")
    parser.add_argument("--requests", type=counted(most=10_000), default=12, metavar="N")
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Run the demonstration and leave nothing behind."""
    options, console = _options(arguments), open_console()
    listen_to_signals()
    try:
        with ExitStack() as stack:
            with undisturbed():
                var = Path(tempfile.mkdtemp(prefix="regards-demo-"))
                stack.callback(_leave, var, console=console, keep=options.keep)
            # A private PostgreSQL has an account of its own.
            var.chmod(0o755)
            return Demonstration(console=console, var=var, options=options).run()
    except Interrupted as interruption:
        console.print("stopped")
        return interruption.exit_code
    except _FAILURES as failure:
        sys.stderr.write(f"error: {failure}\n")
        return 1


def _leave(var: Path, *, console: Console, keep: bool) -> None:
    if keep:
        console.print(f"kept: {var} (remove it when you are done)", soft_wrap=True)
    else:
        shutil.rmtree(var, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
