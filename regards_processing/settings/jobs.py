"""Operator jobs. Times are in seconds."""

from typing import Final

from regards_processing.settings import env

_DAY: Final = 86_400

#: Modules that declare kinds of jobs.
JOB_MODULES = ("worker_manager.jobs",)
#: Jobs of one tenant that are queued or running at a time.
JOBS_PER_TENANT = env.integer("JOBS_PER_TENANT", 1, minimum=1, maximum=1000)
#: Jobs of all tenants that are queued or running at a time. Sweeps wait behind them in the same queue, for
#: this many slices at most: raise it with the number of jobs workers.
JOBS_AT_ONCE = env.integer("JOBS_AT_ONCE", 2, minimum=1, maximum=10_000)
#: How long a job runs before it lets others have a turn; it goes on from where it was.
JOB_SLICE = env.integer("JOB_SLICE_SECONDS", 2, minimum=0, maximum=3600)
#: A queued job that no worker started for this long is queued again.
JOB_START_TIMEOUT = env.integer("JOB_START_TIMEOUT_SECONDS", 60, minimum=1)
#: A running job that finished no page for this long is lost, and taken up again.
JOB_SILENCE = env.integer("JOB_SILENCE_SECONDS", 60, minimum=1)
#: Runs that may be lost at one page before the job fails.
JOB_MAX_LOST_ATTEMPTS = env.integer("JOB_MAX_LOST_ATTEMPTS", 3, minimum=1, maximum=1000)
#: How long jobs are listed once they have succeeded, and once they have failed or were aborted.
JOB_SUCCEEDED_KEPT = env.integer("JOB_SUCCEEDED_KEPT_SECONDS", _DAY, minimum=60)
JOB_FAILED_KEPT = env.integer("JOB_FAILED_KEPT_SECONDS", 30 * _DAY, minimum=60)
