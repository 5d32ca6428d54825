"""`manage.py staff_groups`."""

from argparse import ArgumentParser

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.auth.services.staff_groups import grant_to_groups
from regards_processing.kernel.management.platform_command import PlatformCommand, command_errors
from worker_manager.staff_groups import GROUPS, VIEWED


class Command(PlatformCommand):
    """Make the groups operator and configurator for people of the admin.

    Permissions that a group lacks are added, also after an upgrade; none is taken away.
    """

    help = __doc__
    epilog = """examples:
  manage.py staff_groups     then put users in the groups: admin, Authentication and authorization, Users

docs/reference/admin.md says what each group may do."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Show the examples."""

    def handle(self, *_args: object, **_options: object) -> None:
        """Make them and print how many permissions each got."""
        with command_errors():
            granted = grant_to_groups(groups=GROUPS, viewed=VIEWED, actor=command_actor(), at=clock.now())
        for group, count in granted.items():
            self.stdout.write(f"{group}: {count} permissions added")
