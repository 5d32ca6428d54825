"""Limits of executions. Times are in seconds."""

from typing import Final

from regards_processing.settings import env, places
from workers.processes.sealing import GENERATED_KEY

_DAY: Final = 86_400

#: Whether a batch needs a user whose role may order the process, and datasets that the process is linked to.
PROCESS_RIGHTS_CHECKED = env.boolean("PROCESS_RIGHTS_CHECKED", default=True)
#: Whether a change by REST that names no dataset leaves a process linked as it is.
PROCESS_LINKS_KEPT = env.boolean("PROCESS_LINKS_KEPT", default=False)
#: An execution may take so many times what its forecast says.
EXECUTION_TIMEOUT_FACTOR = env.integer("EXECUTION_TIMEOUT_FACTOR", 2, minimum=1, maximum=1000)
#: However short its forecast is, an execution may take this long.
EXECUTION_TIMEOUT_FLOOR = env.integer("EXECUTION_TIMEOUT_FLOOR_SECONDS", 60, minimum=1)
#: Fleets end executions whose time is over; after this much more, the platform does without them.
EXECUTION_TIMEOUT_GRACE = env.integer("EXECUTION_TIMEOUT_GRACE_SECONDS", 300, minimum=1)
#: How long an execution may wait for a fleet.
EXECUTION_START_TIMEOUT = env.integer("EXECUTION_START_TIMEOUT_SECONDS", 7 * _DAY, minimum=1)
#: How long a batch is kept whose executions have ended, and its output files with it.
BATCH_KEPT = env.integer("BATCH_KEPT_SECONDS", 7 * _DAY, minimum=60)
#: What tokens and secret parameters are sealed with on their way to fleets: stored requests do not show them.
#: Without it there are no tokens, and nothing that needs a secret is carried out.
PROCESS_TOKEN_KEY = env.secret(
    "PROCESS_TOKEN_KEY", kept_in=places.generated_secret(GENERATED_KEY), required=False
)
#: How long such a token may be used after the execution was ordered.
EXECUTION_TOKEN_VALIDITY = env.integer("EXECUTION_TOKEN_SECONDS", _DAY, minimum=60, maximum=30 * _DAY)
