"""A fleet whose programs run in a sandbox, with its folders where they are by default."""

import json
from pathlib import Path

import pytest

from tests.integration.workers.fleet import Broker, Fleet
from tests.integration.workers.manager import Manager, a_request
from tests.unit.workers.builtin.run_process.orders import a_program, an_input, an_order

#: What no program should be able to do: see other executions, see the storage, end its fleet.
_DEEDS = ("ls ..", "ls {var}/storage", "cat {var}/broker/*", "kill -0 {fleet}", "echo x >>{folder}/scene.raw")


@pytest.mark.landlock
@pytest.mark.parametrize("pool", [["threads", "--concurrency", "2"], ["prefork", "--concurrency", "2"]])
def test_its_programs_see_nothing_but_their_own(broker: Broker, pool: list[str], tmp_path: Path) -> None:
    scene = tmp_path / "scene.raw"
    scene.write_bytes(b"pixels")
    variables = {"PROCESS_SANDBOX": "landlock", "REGARDS_FILE_ROOTS": str(tmp_path)}
    with (
        Manager(broker=broker) as manager,
        Fleet(broker=broker, types=["run-process"], pool=pool, **variables) as fleet,
    ):
        deeds = [each.format(var=broker.var, fleet=fleet.process.pid, folder=tmp_path) for each in _DEEDS]
        tries = [f"if {deed}; then exit 9; fi" for deed in deeds]
        order = an_order(
            a_program(tmp_path, *tries, "tr a-z A-Z <input/scene.raw >output/a"), an_input(scene)
        )
        names = [f"confined-{pool[0]}-{number}" for number in range(2)]
        for name in names:
            request = a_request(name, content=json.dumps(order).encode())
            manager.dispatch_task("run-process", request)
        answers = [json.loads(manager.final_answer(name).content or b"{}") for name in names]
    assert "programs run in a sandbox" in fleet.log.read_text()
    assert [(answer["finalStatus"], answer["message"]) for answer in answers] == [("SUCCESS", "")] * 2
    stored = [Path(answer["outputs"][0]["url"].removeprefix("file:")).read_text() for answer in answers]
    assert stored == ["PIXELS"] * 2
    assert scene.read_bytes() == b"pixels"
