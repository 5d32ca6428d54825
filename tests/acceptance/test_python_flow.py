"""A workflow composed in Python: exported, imported by the platform, and run by it."""

import json
import subprocess
import sys
from pathlib import Path

from tests.acceptance.participant import Client
from tests.acceptance.python_flow import FLOW
from tests.stack.platform import Platform
from tests.stack.process import ROOT
from workers.sdk.memory_manager import MemoryManager

_MODULE = "tests.acceptance.python_flow"
_BODY = b'{"text": "good morning"}'


def test_what_python_composes_is_imported_and_runs_as_in_memory(
    client: Client, shared: Platform, tmp_path: Path
) -> None:
    exported = subprocess.run(
        [sys.executable, "-m", "workers", "workflow", f"{_MODULE}:FLOW"],
        cwd=ROOT,
        env=shared.stack.environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    shared.manage("import_configuration", "-", stdin=exported)
    types = ",".join(sorted({name for link in FLOW.links() for name in link.workers}))
    shared.start(
        "fleet",
        ["-m", "celery", "-A", "workers", "worker", "-P", "solo", "--types", types],
        ready=r" ready\.",
        variables={"WORKER_MODULES": _MODULE},
    )
    client.submit("python-1", "python-flow", _BODY)
    content = json.loads(client.await_final("python-1").content)
    assert content == [
        {"contents": [{"words": ["GOOD", "MORNING"]}, 2]},
        {"acme.counted": "yes"},
    ]
    with MemoryManager({"REGARDS_VAR": str(tmp_path)}) as manager:
        assert json.loads(manager.process(FLOW, content=_BODY).content or b"") == content
