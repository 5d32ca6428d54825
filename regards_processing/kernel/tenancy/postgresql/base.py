"""PostgreSQL connections that tell the server whose rows they may see.

The database engine while ``ROW_LEVEL_SECURITY`` is on. Before a statement, and only when it has changed, the
session variable that the policies read is set to what `visibility` says. So it holds on a connection that is
used again, on one that was lost and opened anew, inside a transaction and after its rollback.
"""

from typing import Any

from django.db.backends.postgresql import base
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from regards_processing.kernel.tenancy import visibility


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection; Django looks for this name."""

    #: What the server was told last; unknown after a rollback, which takes it back.
    _told: str | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; the new session has been told nothing yet."""
        self._told = None
        return super().get_new_connection(conn_params)

    def create_cursor(self, name: str | None = None) -> Any:
        """Open a cursor in a session that shows the right rows."""
        self._tell(visibility.seen())
        return super().create_cursor(name)

    def _tell(self, seen: str) -> None:
        # A failed transaction takes nothing but its rollback, and shows nothing until then.
        if seen == self._told or self._has_failed():
            return
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, false)", [visibility.VARIABLE, seen])
        self._told = seen

    def _has_failed(self) -> bool:
        return bool(self.connection.info.transaction_status == TRANSACTION_STATUS_INERROR)

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc] # the stubs do not know it
        self._told = None

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc] # the stubs do not know it
        self._told = None
