"""Limits of the engine. Times are in seconds."""

from typing import Final

from regards_processing.settings import env, places

_DAY: Final = 86_400

#: A worker that sent no heartbeat for this long is not alive.
HEARTBEAT_EXPIRY = env.integer("HEARTBEAT_EXPIRY_SECONDS", 60, minimum=1)
#: How long a dead worker is still listed.
HEARTBEAT_KEPT = env.integer("HEARTBEAT_KEPT_SECONDS", 7 * _DAY, minimum=60)
#: A dispatched request that nobody answered for this long gets a new attempt. Short on the embedded
#: broker, where a killed process takes the messages it held with it.
QUEUE_TIMEOUT = env.integer("QUEUE_TIMEOUT_SECONDS", 300 if places.EMBEDDED else _DAY, minimum=1)
#: A running request that gave no sign for this long gets a new attempt.
RUN_TIMEOUT = env.integer("RUN_TIMEOUT_SECONDS", 6 * 3600, minimum=1)
#: Attempts of one step that may be lost (worker died, time-out) before the request ends in ERROR.
MAX_LOST_ATTEMPTS = env.integer("MAX_LOST_ATTEMPTS", 5, minimum=1, maximum=1000)
#: Dispatches of one request, postponed ones (RetryLater) included, before it ends in ERROR.
MAX_ATTEMPTS = env.integer("MAX_ATTEMPTS", 1000, minimum=1)
#: Longest time that a worker may postpone an attempt.
MAX_POSTPONEMENT = env.integer("MAX_POSTPONEMENT_SECONDS", 7 * _DAY, minimum=1)
#: Outbox messages older than this were left behind by a crash, and are sent by the relay.
OUTBOX_GRACE = env.integer("OUTBOX_GRACE_SECONDS", 10, minimum=1)
#: How long a message that must not count twice is known when it comes again.
INBOX_KEPT = env.integer("INBOX_KEPT_SECONDS", 7 * _DAY, minimum=60)
#: A request that the broker delivers again is known by one of its id and body that is there, or has ended
#: within this time; one that ended before is another request, whose id is used again.
#: Orders of executions are known so by batch and correlation id.
REDELIVERED_WITHIN = env.integer("REDELIVERED_WITHIN_SECONDS", _DAY, minimum=60)
#: How long finished requests are remembered.
HISTORY_KEPT = env.integer("HISTORY_KEPT_SECONDS", 30 * _DAY, minimum=60)
#: Attempts at the begin of each step of a request, and as many at its end, that its trail remembers.
TRAIL_ATTEMPTS = env.integer("TRAIL_ATTEMPTS", 5, minimum=1, maximum=100)
#: Newest requests of a tenant that statistics are made of.
STATISTICS_REQUESTS = env.integer("STATISTICS_REQUESTS", 10_000, minimum=1, maximum=1_000_000)
#: Requests handled by one statement of a sweep.
SWEEP_PAGE = env.integer("SWEEP_PAGE", 1000, minimum=1, maximum=10_000)
#: Pause between two runs of the sweeps.
SWEEP_SECONDS = env.integer("SWEEP_SECONDS", 3, minimum=1, maximum=3600)
#: Pause between two runs of the sweep that adds up what requests count for in their sessions.
SESSION_SECONDS = env.integer("SESSION_SECONDS", 5, minimum=1, maximum=3600)
#: Fleets that say they can may store what is large in `SHARED_STORAGE`, and answer with a reference. Every
#: process of the platform must see that folder then.
STORED_CONTENTS = env.boolean("STORED_CONTENTS", default=False)
#: Requests in flight of a worker type, per request that its fleet says it takes at a time.
IN_FLIGHT_FACTOR = env.integer("IN_FLIGHT_FACTOR", 4, minimum=1, maximum=10_000)
#: Seconds from an answer to the next request at the fleet. Of work that takes so long, or longer, no more is
#: in flight than is run at a time, and what is begun within these seconds; 0 leaves it to the factor.
IN_FLIGHT_ROUND_TRIP = env.integer("IN_FLIGHT_ROUND_TRIP_MILLISECONDS", 50, minimum=0, maximum=60_000) / 1000
#: Requests in flight of a worker type whose workers do not say how many they take; 0 is no limit.
IN_FLIGHT_UNSTATED = env.integer("IN_FLIGHT_UNSTATED", 0, minimum=0)
