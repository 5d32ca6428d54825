"""Contents that are too large to travel: read before the work, stored when it is done."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from workers.contract.content_folder import ContentFolder
from workers.contract.work_answer import WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk.config import WorkerConfig

_log: Final = logging.getLogger(__name__)


class StoredContents:
    """The stored contents that one process reads and writes; see `workers.contract.content_folder`."""

    def __init__(self, *, storage: Path, above: int) -> None:
        """Store contents of more than ``above`` bytes; 0: none. What was stored by others is always read."""
        self._storage = storage
        self._above = above

    @classmethod
    def of(cls, config: WorkerConfig) -> Self:
        """Return those of a process."""
        return cls(storage=config.storage, above=config.stored_content)

    def loaded(self, request: WorkRequest) -> WorkRequest:
        """Return a request with its content in it.

        Raises:
            ContentLost: it is stored, and cannot be had any more.
        """
        if request.stored is None or request.dispatch_id is None:
            return request
        folder = self._folder(request, request.dispatch_id)
        return replace(request, content=folder.load(request.stored), stored=None)

    def answered(self, request: WorkRequest, answer: WorkAnswer) -> WorkAnswer:
        """Return an answer whose content is stored, if it is large and the manager takes that.

        What cannot be stored travels as any other content: work that is done must not be lost for it.
        """
        content = answer.content or b""
        if not (self._above and request.accepts_stored and request.dispatch_id):
            return answer
        if len(content) <= self._above:
            return answer
        folder = self._folder(request, request.dispatch_id)
        attempt = int(request.dispatch_id.rpartition(":")[2])
        try:
            return replace(answer, content=None, stored=folder.keep(content, attempt=attempt))
        except OSError as error:
            facts = {"action": "content.not_stored", "dispatch_id": request.dispatch_id}
            _log.warning("content travels, it cannot be stored: %s", error, extra=facts)
            return answer

    def _folder(self, request: WorkRequest, dispatch_id: str) -> ContentFolder:
        return ContentFolder.of_dispatch(dispatch_id, storage=self._storage, tenant=request.tenant)
