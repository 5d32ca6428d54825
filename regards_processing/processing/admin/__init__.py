"""Processing in the admin: one module for each kind of page; importing this registers them all."""

from regards_processing.processing.admin import batches, executions, processes

__all__ = ["batches", "executions", "processes"]
