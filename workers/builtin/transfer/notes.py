"""Which uploads a request has begun for one of its files, noted where the next attempt finds it."""

from workers.sdk.checkpoints import Checkpoint


class Notes:
    """Names of uploads. What is noted was begun by this request, and may be given up by it."""

    def __init__(self, checkpoint: Checkpoint, *, entry: str) -> None:
        self._checkpoint = checkpoint
        self._entry = entry

    def begun(self) -> list[str]:
        """Return what this attempt or one before has begun, and nobody has ended."""
        return list(self._load().get(self._entry, ()))

    def add(self, upload: str) -> None:
        """Note that an upload was begun."""
        self._save([*self.begun(), upload])

    def drop(self, upload: str) -> None:
        """Forget an upload that has ended."""
        begun = self.begun()
        if upload in begun:
            self._save([each for each in begun if each != upload])

    def _load(self) -> dict[str, list[str]]:
        return dict(self._checkpoint.load() or {})

    def _save(self, begun: list[str]) -> None:
        self._checkpoint.save(self._load() | {self._entry: begun})
