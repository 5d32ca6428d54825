"""``python -m workers workflow MODULE:NAME``: a workflow of Python as a configuration file."""

import json
import sys
from argparse import Namespace

from workers.sdk.errors import ConfigurationError
from workers.sdk.loading import imported
from workers.sdk.workflows import Workflow


def run(options: Namespace) -> int:
    """Write the file to standard output."""
    workflow = _found(options.workflow)
    sys.stdout.write(json.dumps(workflow.configuration(), indent=2, ensure_ascii=False) + "\n")
    return 0


def _found(place: str) -> Workflow:
    module, separator, name = place.partition(":")
    if not separator or not name:
        raise ConfigurationError(f"{place!r}: MODULE:NAME is needed, such as my_flows:INGEST")
    loaded = imported(module, asked_by="workflow")
    value = getattr(loaded, name, None)
    if isinstance(value, Workflow):
        return value
    known = ", ".join(sorted(key for key, one in vars(loaded).items() if isinstance(one, Workflow)))
    raise ConfigurationError(
        f"{place!r} is no workers.sdk.workflows.Workflow; {module} has {known or 'none'}"
    )
