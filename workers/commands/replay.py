"""``python -m workers replay FOLDER``: recorded requests once more, compared with what was answered then."""

import os
import sys
from argparse import Namespace

from workers.commands.listing import names_in
from workers.sdk.loading import load_modules
from workers.sdk.memory_manager import MemoryManager
from workers.sdk.recordings import recordings


def run(options: Namespace) -> int:
    """Run the requests, and return 1 when one is answered in another way."""
    load_modules(names_in(options.modules))
    # What is run again is not recorded again.
    environment = os.environ | {"WORKER_RECORD_DIR": ""}
    same = others = 0
    with MemoryManager(environment) as manager:
        for name, recording in recordings(options.folder):
            if options.type not in {None, recording.worker_type}:
                continue
            found = recording.differences(manager.replay(recording))
            same, others = (same, others + 1) if found else (same + 1, others)
            sys.stdout.write(f"{'OTHER' if found else 'same '} {name}\n")
            sys.stdout.write("".join(f"      {line}\n" for line in found))
    sys.stderr.write(f"{same} same, {others} other\n")
    return 1 if others else 0
