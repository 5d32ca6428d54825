"""Outputs on their way into the storage, when two attempts at one execution are at work."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from threading import Barrier

from workers.builtin.run_process.outputs import StoredOutput, store
from workers.processes.profile import Cardinality

_CONTENT = bytes(4 * 1024 * 1024)
_ATTEMPTS = 6


def test_it_stores_what_several_attempts_make_at_once(tmp_path: Path) -> None:
    (tmp_path / "one.tif").write_bytes(_CONTENT)
    target, together = tmp_path / "storage", Barrier(_ATTEMPTS)

    def attempt(_number: int) -> list[StoredOutput]:
        together.wait()
        return store(
            [PurePosixPath("one.tif")],
            folder=tmp_path,
            target=target,
            inputs=(),
            cardinality=Cardinality.ONE_PER_EXECUTION,
        )

    with ThreadPoolExecutor(_ATTEMPTS) as pool:
        stored = list(pool.map(attempt, range(_ATTEMPTS)))
    (file,) = target.iterdir()
    assert file.read_bytes() == _CONTENT
    assert {output.sha256 for (output,) in stored} == {file.name}
