"""What services plug into the platform."""

#: Module of each service: its configuration items and its tenant settings.
CONFIGURATION_MODULES = ("worker_manager.module.MODULE", "regards_processing.processing.module.MODULE")
