"""What `manage.py doctor` checks, and what it is content with."""

from regards_processing.settings import env

#: Where apps keep their checks, in the order they are made.
DOCTOR_CHECKS = (
    "regards_processing.kernel.doctor.database.CHECKS",
    "regards_processing.kernel.doctor.broker.CHECKS",
    "worker_manager.doctor.CHECKS",
    "regards_processing.processing.doctor.CHECKS",
    "regards_processing.kernel.doctor.places.CHECKS",
    "regards_processing.kernel.doctor.exposure.CHECKS",
    "regards_processing.kernel.doctor.processes.CHECKS",
)
#: Bytes that have to be free where products and work are kept.
STORAGE_MIN_FREE = env.integer("STORAGE_MIN_FREE_BYTES", 1024**3, minimum=0, maximum=2**53)
#: Seconds that the clocks of two machines may differ.
CLOCK_TOLERANCE = env.integer("CLOCK_TOLERANCE_SECONDS", 5, minimum=1, maximum=3600)
