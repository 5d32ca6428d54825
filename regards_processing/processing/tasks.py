"""Periodic tasks of processing: doors to one service each."""

from celery import shared_task

from regards_processing.kernel import clock
from regards_processing.processing.services import kept_outputs, lost_executions, outputs, watch


@shared_task
def watch_executions(**_ignored: object) -> int:
    """Note how far executions are, end those whose time is over, and let those go that have a place."""
    return watch.look_after(at=clock.now())


@shared_task
def end_lost_executions(**_ignored: object) -> int:
    """End executions whose requests are gone, and whose answers do not come."""
    return lost_executions.end_lost(at=clock.now())


@shared_task
def clean_up_outputs(**_ignored: object) -> int:
    """Delete what has been downloaded, forget old batches, and remove the folders of what was dropped."""
    return outputs.clean_up(at=clock.now())


@shared_task
def count_kept_outputs(**_ignored: object) -> int:
    """Count what each tenant keeps in the storage."""
    return kept_outputs.count_kept(at=clock.now())
