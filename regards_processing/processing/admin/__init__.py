"""Processing in the admin: one module for each kind of page; importing this registers them all."""

from regards_processing.processing.admin import attention, batches, executions, processes

__all__ = ["attention", "batches", "executions", "processes"]
