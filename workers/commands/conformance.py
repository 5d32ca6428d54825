"""``python -m workers conformance``: does a worker, in whatever language, do what the contract says."""

import sys
from argparse import Namespace
from typing import Final

from amqp.exceptions import AMQPError

from workers.conformance.examination import Contents, Examination
from workers.conformance.played_manager import PlayedManager
from workers.conformance.verdict import Outcome
from workers.sdk.errors import ConfigurationError
from workers.transport.addresses import BROKER_SCHEMES, names_a_server, server_of, shown

_SUMMARY: Final = "{right} right, {wrong} wrong, {open} open"


def run(options: Namespace) -> int:
    """Examine, and return 1 when anything is wrong."""
    if not names_a_server(options.url, schemes=BROKER_SCHEMES):
        allowed = server_of(*BROKER_SCHEMES)
        raise ConfigurationError(f"--url {shown(options.url)!r:.60}: {allowed} is expected")
    try:
        with PlayedManager(url=options.url, worker_type=options.type) as manager:
            return _examined(manager, options)
    except OSError as error:
        # The address may hold a password, so it is not repeated.
        raise ConfigurationError(f"the broker of --url cannot be reached: {error}") from error
    except AMQPError as error:
        raise ConfigurationError(f"the broker of --url refuses: {error}") from error


def _examined(manager: PlayedManager, options: Namespace) -> int:
    contents = Contents(
        good=options.content.encode(),
        invalid=None if options.invalid is None else options.invalid.encode(),
    )
    examination = Examination(
        manager=manager,
        worker_type=options.type,
        tenant=options.tenant,
        contents=contents,
        timeout=options.timeout,
        beat_timeout=options.beat_timeout,
    )
    counts = dict.fromkeys(Outcome, 0)
    for verdict in examination.verdicts():
        counts[verdict.outcome] += 1
        sys.stdout.write(f"{verdict.outcome:<6} {verdict.rule}\n       {verdict.seen}\n")
        sys.stdout.flush()
    sys.stderr.write(
        _SUMMARY.format(right=counts[Outcome.RIGHT], wrong=counts[Outcome.WRONG], open=counts[Outcome.OPEN])
        + "\n"
    )
    return 1 if counts[Outcome.WRONG] else 0
