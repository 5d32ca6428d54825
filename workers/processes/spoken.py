"""What a fleet says of an execution while it goes on: its steps, and the lines of its program. Pure."""


def step_text(*, plugin_id: str, execution_id: str, message: str) -> str:
    """Return the text of a step, as the reference words it."""
    return f"[{plugin_id}]{_mark(execution_id)}{message}"


def divided(text: str, *, execution_id: str) -> tuple[list[str], list[str]]:
    """Return the steps and the other lines of what was said last, each in the order that it was said in."""
    steps: list[str] = []
    lines: list[str] = []
    for line in filter(None, text.split("\n")):
        (steps if line.startswith("[") and _mark(execution_id) in line else lines).append(line)
    return steps, lines


def _mark(execution_id: str) -> str:
    return f" ExecId={execution_id} | "
