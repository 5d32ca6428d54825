"""What services plug into the platform."""

#: Module of each service: its configuration items and its tenant settings.
CONFIGURATION_MODULES = ("worker_manager.module.MODULE", "regards_processing.processing.module.MODULE")
#: What each service keeps to itself in the engine.
RESERVATIONS = ("regards_processing.processing.reservation.RESERVATION",)
#: Who says why something waits, in the order they are asked.
EXPLAINERS = (
    "worker_manager.services.explanation.explained",
    "regards_processing.processing.services.waiting.explained",
)
#: Who names roles of tenants outside the rules of access, and would be left with a name that says nothing.
ROLE_USES = ("regards_processing.processing.queries.uses_of_role",)
