"""Executions of programs: what they see, what becomes of what they make, and how they end."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.run_process.orders import (
    EXECUTION_ID,
    PREFIX,
    a_program,
    an_input,
    an_order,
    carried_out,
)
from tests.unit.workers.builtin.watched import lives
from workers.sdk import Cancelled


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    file = tmp_path / "in" / "scene.raw"
    file.parent.mkdir()
    file.write_bytes(b"pixels")
    return file


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "storage"


def _run(program: Path | str, scene: Path, storage: Path, **others: Any) -> dict[str, Any]:
    order = an_order(program, an_input(scene, below="F1"), **others)
    return carried_out(order, storage=storage, roots=scene.parent)


def test_it_gives_a_program_its_inputs_and_stores_what_it_makes(scene: Path, storage: Path) -> None:
    program = a_program(scene.parent, "tr a-z A-Z <input/F1/scene.raw >output/scene.up")
    answer = _run(program, scene, storage)
    digest = hashlib.sha256(b"PIXELS").hexdigest()
    place = storage / "default" / EXECUTION_ID / digest
    assert place.read_bytes() == b"PIXELS"
    assert answer["finalStatus"] == "SUCCESS"
    assert answer["message"] == ""
    assert answer["outputs"] == [
        {
            "name": "scene.up",
            "url": f"file:{place}",
            "size": 6,
            "sha256": digest,
            "inputCorrelationIds": ["cid:F1/scene.raw"],
        }
    ]


def test_it_tells_the_steps_of_the_reference(scene: Path, storage: Path) -> None:
    program = a_program(scene.parent, "touch output/a")
    steps = _run(program, scene, storage)["steps"]
    assert [(step["status"], step["message"]) for step in steps] == [
        ("PREPARE", f"{PREFIX}Load input files into workdir"),
        ("RUNNING", f"{PREFIX}Launch script {program}"),
    ]
    assert steps[0]["time"] <= steps[1]["time"]


def test_it_fails_with_the_exit_code_and_the_last_errors(scene: Path, storage: Path) -> None:
    program = a_program(scene.parent, "touch output/a", "echo no disk >&2", "exit 3")
    answer = _run(program, scene, storage)
    whose = f"correlationId=order-1_sub-1 exec={EXECUTION_ID} process={program}"
    cause = f"{whose} : Exited with status code 3\nno disk"
    assert (answer["finalStatus"], answer["outputs"]) == ("FAILURE", [])
    assert answer["message"] == f'{PREFIX}Error message: "{cause}"'


def test_it_ends_the_pipelines_of_a_program(scene: Path, storage: Path) -> None:
    program = a_program(scene.parent, "sh -c 'kill -s PIPE $$'", "test $? = 141 && touch output/a")
    assert _run(program, scene, storage)["finalStatus"] == "SUCCESS"


@pytest.mark.parametrize("program", ["no-such-program", "/no/such/program", "./program.sh"])
def test_it_fails_when_there_is_no_such_program(program: str, scene: Path, storage: Path) -> None:
    answer = _run(program, scene, storage)
    assert answer["finalStatus"] == "FAILURE"
    assert f"{program} is no program that this fleet can run" in answer["message"]


def test_it_fails_when_the_file_is_no_program(scene: Path, storage: Path) -> None:
    program = scene.parent / "empty"
    program.write_text("#!/no/interpreter\n")
    program.chmod(0o755)
    assert "cannot be started" in _run(program, scene, storage)["message"]


@pytest.mark.parametrize(("made", "got"), [("true", 0), ("touch output/a output/b; echo x >output/b", 2)])
def test_it_counts_what_was_made_and_keeps_it(made: str, got: int, scene: Path, storage: Path) -> None:
    answer = _run(a_program(scene.parent, made), scene, storage)
    assert answer["finalStatus"] == "FAILURE"
    assert answer["message"] == f"Wrong number of output files: expected 1, got {got}"
    assert len(answer["outputs"]) == got


def test_it_stores_the_same_content_once(scene: Path, storage: Path) -> None:
    answer = _run(a_program(scene.parent, "echo x >output/a; echo x >output/b"), scene, storage)
    first, second = answer["outputs"]
    assert (first["name"], second["name"]) == ("a", "b")
    assert first["url"] == second["url"]


def test_it_hides_the_environment_of_the_fleet(
    scene: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_URL", "amqp://user:secret@host")
    answer = _run(a_program(scene.parent, "env", "touch output/a"), scene, storage)
    assert "GREETING=good day" in answer["log"]
    assert "secret" not in str(answer["log"])


def test_it_keeps_the_last_lines_of_both_streams(scene: Path, storage: Path) -> None:
    program = a_program(scene.parent, "seq 1 100", "printf 'last \\377' >&2", "touch output/a")
    log = _run(program, scene, storage)["log"]
    assert len(log) == 50
    assert log[-1] == "last \ufffd"


def test_it_ends_a_program_whose_time_is_over_with_all_its_children(scene: Path, storage: Path) -> None:
    pids = scene.parent / "pids"
    program = a_program(scene.parent, f"sleep 600 & echo $! >{pids}", f"echo $$ >>{pids}", "wait")
    answer = _run(program, scene, storage, timeLimit=1)
    assert answer["finalStatus"] == "TIMED_OUT"
    assert answer["message"] == f"{PREFIX}Ended after 1 s: its time was over"
    assert [pid for pid in pids.read_text().split() if lives(int(pid))] == []


def test_it_ends_a_program_whose_execution_is_cancelled(scene: Path, storage: Path) -> None:
    pid = scene.parent / "pid"
    program = a_program(scene.parent, f"echo $$ >{pid}", "exec sleep 600")
    order = an_order(program, an_input(scene))
    with pytest.raises(Cancelled):
        carried_out(order, storage=storage, roots=scene.parent, cancelled=pid.exists)
    assert not lives(int(pid.read_text()))


def test_it_leaves_no_children_behind(scene: Path, storage: Path) -> None:
    pids = scene.parent / "pids"
    beside = f"sleep 600 >/dev/null 2>&1 & echo $! >{pids}"
    apart = f"setsid sleep 600 >/dev/null 2>&1 & echo $! >>{pids}"
    program = a_program(scene.parent, beside, apart, "touch output/a", "exit 0")
    assert _run(program, scene, storage)["finalStatus"] == "SUCCESS"
    assert [pid for pid in pids.read_text().split() if lives(int(pid))] == []


def test_it_ends_a_program_that_makes_too_much(
    scene: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_MAX_OUTPUT_BYTES", "1000")
    program = a_program(scene.parent, "head -c 2000 /dev/zero >output/a", "sleep 600")
    answer = _run(program, scene, storage)
    assert "The output files have more than 1000 bytes" in answer["message"]


def test_it_limits_the_memory_of_a_program(
    scene: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_MAX_MEMORY", str(50 * 1024 * 1024))
    program = a_program(scene.parent, "head -c 200000000 /dev/zero | tail -c 200000000 >output/a || exit 7")
    assert "Exited with status code 7" in _run(program, scene, storage)["message"]


def test_it_takes_links_within_the_folder_for_files(scene: Path, storage: Path) -> None:
    made = [
        "echo made >output/b",
        "ln -s b output/a",
        "ln -s a output/c",
        "ln -s ../input/F1/scene.raw output/d",
    ]
    outputs = _run(a_program(scene.parent, *made), scene, storage)["outputs"]
    places = [Path(output["url"].removeprefix("file:")) for output in outputs]
    assert [output["name"] for output in outputs] == ["a", "b", "c", "d"]
    assert [place.read_text() for place in places] == ["made\n"] * 3 + ["pixels"]
    assert [place for place in places if place.is_symlink()] == []


@pytest.mark.parametrize("target", ["/etc/passwd", "/", "../input", "/proc/self/environ", "a", "none", "b/c"])
def test_it_takes_no_other_links(target: str, scene: Path, storage: Path) -> None:
    answer = _run(a_program(scene.parent, f"ln -s {target} output/a", "touch output/b"), scene, storage)
    assert [output["name"] for output in answer["outputs"]] == ["b"]


def test_it_takes_nothing_by_ways_through_folders_of_others(scene: Path, storage: Path) -> None:
    way = [f"ln -s {scene.parent} way", "ln -s ../way/scene.raw output/a"]
    assert _run(a_program(scene.parent, *way), scene, storage)["outputs"] == []


def test_it_leaves_the_files_of_others_when_the_output_folder_leads_there(scene: Path, storage: Path) -> None:
    program = a_program(scene.parent.parent, "rmdir output", f"ln -s {scene.parent} output")
    answer = _run(program, scene, storage)
    assert "Folder output has become a link to a folder outside that of the execution" in answer["message"]
    assert answer["outputs"] == []
    assert scene.exists()


def test_it_removes_the_folder_of_the_execution(scene: Path, storage: Path) -> None:
    where = scene.parent / "where"
    _run(a_program(scene.parent, f"pwd >{where}", "touch output/a"), scene, storage)
    assert not Path(where.read_text().strip()).exists()


def test_it_does_nothing_for_the_useless_plugin(scene: Path, storage: Path) -> None:
    plugin = {"pluginId": "UselessProcessPlugin", "version": "1.0.0-SNAPSHOT", "parameters": {}}
    answer = _run("", scene, storage, plugin=plugin)
    assert (answer["finalStatus"], answer["outputs"]) == ("SUCCESS", [])
