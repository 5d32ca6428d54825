"""Worker types that hold something, fill their folder, or are long at work."""

import os
import time

from workers.sdk import SetupContext, WorkContext, WorkRequest, WorkResult, worker_type


@worker_type("hold", version="1.0")
class Hold:
    """Notes what happens to it, in a file for each process."""

    def setup(self, context: SetupContext) -> None:
        """Make the notes."""
        self._notes = context.storage / "notes" / str(os.getpid())
        self._notes.parent.mkdir(parents=True, exist_ok=True)
        self._note("set up")

    def run(self, _request: WorkRequest, _context: WorkContext) -> WorkResult:
        """Take a moment, so that all processes get some."""
        self._note("run")
        time.sleep(0.2)
        return WorkResult.json(os.getpid())

    def teardown(self) -> None:
        """Note that this is the end."""
        self._note("torn down")

    def _note(self, what: str) -> None:
        with self._notes.open("a") as notes:
            notes.write(f"{what}\n")


@worker_type("fill", version="1.0")
def fill(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Write as many bytes as the content says, and tell so for a while."""
    context.workdir.joinpath("filled").write_bytes(os.urandom(int(request.content)))
    for _ in range(30):
        context.progress("written")
        time.sleep(0.05)
    return WorkResult(content=b"there was room")


@worker_type("climb", version="1.0")
def climb(_request: WorkRequest, context: WorkContext) -> WorkResult:
    """Count to forty, and stay at the twentieth step the first time."""
    begun = context.checkpoint.load() or 0
    for step in range(begun + 1, 41):
        context.checkpoint.save(step)
        context.progress(f"step {step}")
        if step == 20:
            time.sleep(60)
    return WorkResult.json({"began at": begun})
