"""Memory of a process and its children, as Linux counts it."""

import os
from pathlib import Path


def resident_bytes(pid: int) -> int | None:
    """Return the resident memory of a process; ``None`` when it is gone, or the system does not tell."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except (OSError, IndexError):
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """Return the child processes of a process; none when the system does not tell."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, listed.read_text("ascii").split())
        except OSError:
            # The thread has ended meanwhile.
            continue
    return found


def family_bytes(pid: int) -> dict[str, int]:
    """Return the resident memory of a process as ``main`` and that of its children as ``children``.

    Pages that a fork shares with its parent count for both.
    """
    main = resident_bytes(pid)
    if main is None:
        return {}
    return {"main": main, "children": sum(resident_bytes(child) or 0 for child in children(pid))}
