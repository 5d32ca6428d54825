"""The engine's periodic tasks: doors to one service each."""

from celery import shared_task

from regards_processing.kernel import clock
from worker_manager.services import history, liveness, rescue, session_steps, stored_contents, waiting


@shared_task
def redispatch_waiting_requests(**_ignored: object) -> int:
    """Dispatch waiting requests that somebody can take now."""
    return waiting.redispatch_waiting(at=clock.now())


@shared_task
def rescue_silent_requests(**_ignored: object) -> int:
    """Open new attempts for requests that nobody will answer."""
    return rescue.rescue_silent(at=clock.now())


@shared_task
def fold_session_changes(**_ignored: object) -> int:
    """Fold what bulks counted into the steps of sessions, and tell of them."""
    return session_steps.fold_changes(at=clock.now())


@shared_task
def forget_the_past(**_ignored: object) -> int:
    """Drop dead workers and finished requests that are old enough."""
    at = clock.now()
    return liveness.forget_dead_workers(at=at) + history.forget_finished(at=at)


@shared_task
def remove_unneeded_contents(**_ignored: object) -> int:
    """Remove stored contents that requests need no longer."""
    return stored_contents.remove_unneeded()


@shared_task
def remove_orphaned_contents(**_ignored: object) -> int:
    """Remove stored contents that nobody has noted, of requests that are gone."""
    return stored_contents.remove_orphans(at=clock.now())
