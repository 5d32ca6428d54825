"""``scripts/bench``: measure the platform on PostgreSQL and RabbitMQ."""

import json
import os
import signal
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final, Never

from rich.console import Console

from bench import core, machine, report
from bench.fleets import measuring as fleets
from bench.fleets import report as fleets_report
from bench.flood import measuring as flood
from bench.flood import report as flood_report
from bench.options import FULL, POOLS, QUICK, FleetShape
from bench.place import NotOnThisMachine, Place, own_place
from bench.processing import measuring as processing
from bench.processing import options as processing_options
from bench.processing import report as processing_report
from bench.rest import measuring as rest
from bench.rest import report as rest_report
from bench.scale import measuring as scale
from bench.scale import report as scale_report

Machine = Mapping[str, Any]

_EXAMPLES: Final = """examples:
  scripts/bench core                       about ten minutes, on servers of its own
  scripts/bench rest                       about two minutes
  scripts/bench scale                      about ten minutes
  scripts/bench flood                      about ten minutes
  scripts/bench processing                 about ten minutes
  scripts/bench workers                    about four minutes, every pool
  scripts/bench core --quick               less than two minutes; the figures say little
  scripts/bench core --json bench-core.json --pool threads --concurrency 4

The machine should do nothing else meanwhile. See docs/reference/benchmarks.md."""


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for, and return the exit code."""
    signal.signal(signal.SIGTERM, _end)
    options = _options(arguments)
    shape = FleetShape(
        pool=options.pool,
        concurrency=options.concurrency,
        prefetch=options.prefetch,
        managers=options.managers,
    )
    try:
        with own_place(
            database_url=options.database_url, broker_url=options.broker_url, shape=shape
        ) as place:
            described = machine.describe(database_url=place.database_url, broker_url=place.broker_url)
            measured = _MEASURED[options.what](place, shape, described, quick=options.quick)
    except NotOnThisMachine as error:
        _say(f"error: {error}")
        return 1
    if options.json:
        options.json.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    return 0


def _core(place: Place, shape: FleetShape, described: Machine, *, quick: bool) -> dict[str, Any]:
    sizes = QUICK if quick else FULL
    results = core.measure(place=place, sizes=sizes, shape=shape, say=_say)
    report.show(results, shape=shape, console=Console())
    return report.as_json(results, machine=described, shape=shape, sizes=sizes)


def _rest(place: Place, shape: FleetShape, described: Machine, *, quick: bool) -> dict[str, Any]:
    sizes = rest.QUICK if quick else rest.FULL
    measured = rest.measure(place=place, sizes=sizes, shape=shape, say=_say)
    rest_report.show(measured, sizes=sizes, console=Console())
    return rest_report.as_json(measured, machine=described, sizes=sizes)


def _scale(place: Place, shape: FleetShape, described: Machine, *, quick: bool) -> dict[str, Any]:
    sizes = scale.QUICK if quick else scale.FULL
    measured = scale.measure(place=place, sizes=sizes, shape=shape, say=_say)
    scale_report.show(measured, sizes=sizes, console=Console())
    return scale_report.as_json(measured, machine=described, sizes=sizes)


def _flood(place: Place, shape: FleetShape, described: Machine, *, quick: bool) -> dict[str, Any]:
    sizes = flood.QUICK if quick else flood.FULL
    measured = flood.measure(place=place, sizes=sizes, shape=shape, say=_say)
    flood_report.show(measured, sizes=sizes, console=Console())
    return flood_report.as_json(measured, machine=described, sizes=sizes)


def _processing(place: Place, shape: FleetShape, described: Machine, *, quick: bool) -> dict[str, Any]:
    sizes = processing_options.QUICK if quick else processing_options.FULL
    measured = processing.measure(place=place, sizes=sizes, shape=shape, say=_say)
    processing_report.show(measured, sizes=sizes, console=Console())
    return processing_report.as_json(measured, machine=described, sizes=sizes)


def _workers(place: Place, shape: FleetShape, described: Machine, *, quick: bool) -> dict[str, Any]:
    sizes = fleets.QUICK if quick else fleets.FULL
    measured = fleets.measure(place=place, sizes=sizes, shape=shape, say=_say)
    fleets_report.show(measured, shape=shape, console=Console())
    return fleets_report.as_json(measured, machine=described, shape=shape, sizes=sizes)


_MEASURED: Final = {
    "core": _core,
    "rest": _rest,
    "scale": _scale,
    "flood": _flood,
    "processing": _processing,
    "workers": _workers,
}


def _options(arguments: list[str] | None) -> Namespace:
    parser = ArgumentParser(
        prog="scripts/bench",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "what",
        choices=list(_MEASURED),
        help="core: reception, whole requests, latency, memory; rest: calls, and scale: orders and sweeps, "
        "among a million requests; flood: one tenant's requests while those of another wait; "
        "processing: executions, a big one, and pages among a million; "
        "workers: a task of ours beside a plain Celery task, in every pool",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write everything that was measured to a file"
    )
    for name, server in (("database", "PostgreSQL"), ("broker", "RabbitMQ")):
        variable = f"{name.upper()}_URL"
        parser.add_argument(
            f"--{name}-url",
            default=os.environ.get(variable) or None,
            help=f"{server} server on this machine (default: {variable}, else one of scripts/services)",
        )
    parser.add_argument(
        "--pool", choices=POOLS, default="solo", help="pool of all workers (default: solo); not for workers"
    )
    parser.add_argument(
        "--concurrency", type=_positive, default=1, help="of each of the two worker processes (default: 1)"
    )
    parser.add_argument(
        "--prefetch",
        type=_positive,
        default=100,
        help="messages in advance per unit of concurrency (default: 100)",
    )
    parser.add_argument(
        "--managers", type=_positive, default=1, help="while whole requests are measured (default: 1)"
    )
    options = parser.parse_args(arguments)
    if not options.database_url or not options.broker_url:
        parser.error(
            "both --database-url and --broker-url are needed (scripts/bench gives those of scripts/services)"
        )
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _end(_signal: int, _frame: FrameType | None) -> Never:
    """Leave in order, so that nothing is left behind."""
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
