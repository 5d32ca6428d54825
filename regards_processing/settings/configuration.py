"""What services plug into the platform."""

#: Module of each service: its configuration items and its tenant settings.
CONFIGURATION_MODULES = ("worker_manager.module.MODULE", "regards_processing.processing.module.MODULE")
#: Who says why something waits, in the order they are asked.
EXPLAINERS = (
    "worker_manager.services.explanation.explained",
    "regards_processing.processing.services.waiting.explained",
)
