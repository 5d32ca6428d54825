"""Which SSH servers a fleet trusts: those that OpenSSH's files of known hosts name."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workers.sdk.errors import ConfigurationError

if TYPE_CHECKING:
    # An optional package: fleets without SFTP have none.
    import paramiko

_FILES: Final = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")


def only_known_hosts() -> "paramiko.MissingHostKeyPolicy":
    """Return the policy for keys of servers: fsspec itself reads no files, and would know no server at all.

    Raises:
        ImportError: the package paramiko is not installed.
    """
    import paramiko  # noqa: PLC0415 (see above)

    class OnlyKnownHosts(paramiko.MissingHostKeyPolicy):
        def missing_host_key(
            self,
            client: paramiko.SSHClient,  # noqa: ARG002 (paramiko's signature)
            hostname: str,
            key: paramiko.PKey,
        ) -> None:
            if not any(paramiko.HostKeys(str(file)).check(hostname, key) for file in _present()):
                raise ConfigurationError(
                    f"The SSH server {hostname} shows a key of kind {key.get_name()} that is not in "
                    f"{' or '.join(_FILES)} of this fleet"
                )

    return OnlyKnownHosts()


def _present() -> Iterator[Path]:
    for name in _FILES:
        file = Path(name).expanduser()
        if file.is_file():
            yield file
