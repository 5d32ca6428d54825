"""The engine in the admin: one module for each kind of page; importing this registers them all."""

from worker_manager.admin import (
    attention,
    fleets,
    history,
    pauses,
    requests,
    sessions,
    worker_types,
    workflows,
)

__all__ = ["attention", "fleets", "history", "pauses", "requests", "sessions", "worker_types", "workflows"]
