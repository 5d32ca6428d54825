"""What fleets say of running executions: steps, lines of programs, and how they are told apart."""

from workers.processes.spoken import divided, step_text

_STEPS = [
    step_text(plugin_id="Shell", execution_id="e-1", message=message) for message in ("Load", "Launch | it")
]


def test_it_words_steps_as_the_reference_does() -> None:
    assert _STEPS[0] == "[Shell] ExecId=e-1 | Load"


def test_it_tells_steps_and_lines_apart() -> None:
    said = "\n".join([*_STEPS, "one", "", "[Shell] ExecId=e-2 | of another", "two"])
    assert divided(said, execution_id="e-1") == (_STEPS, ["one", "[Shell] ExecId=e-2 | of another", "two"])
    assert divided("", execution_id="e-1") == ([], [])
