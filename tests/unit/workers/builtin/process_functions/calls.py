"""Calls of functions of plugins: in this process, or as whole executions."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.unit.workers.builtin.run_process.orders import an_input, an_order, carried_out
from workers.processes.function_call import FunctionCall
from workers.processes.plugin import ProcessPlugin
from workers.processes.profile import Cardinality

_FORECASTS = {"durationForecast": "10s", "sizeForecast": "*1"}


def a_call(folder: Path, *, cardinality: Cardinality = Cardinality.ONE_PER_INPUT_FILE) -> FunctionCall:
    """Return the call of a function on what lies in ``input`` of a folder."""
    outputs = folder / "output"
    outputs.mkdir(parents=True, exist_ok=True)
    return FunctionCall(execution_id="e", cardinality=cardinality, inputs=folder / "input", outputs=outputs)


def executed(
    plugin: type[ProcessPlugin],
    *files: Path,
    roots: Path,
    cancelled: Callable[[], bool] = lambda: False,
    sealed: str | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Carry out an execution of a plugin on some files of one feature; return the answer."""
    defaults = {each.name: each.convert(each.default) for each in plugin.metadata.parameters if each.default}
    values = _FORECASTS | defaults | given
    described = {
        "pluginId": plugin.metadata.plugin_id,
        "version": plugin.metadata.version,
        "parameters": values,
        "sealedParameters": sealed,
    }
    inputs = [an_input(file, below="F1") for file in files]
    order = an_order("", *inputs, plugin=described, cardinality=values["cardinality"], timeLimit=100)
    return carried_out(order, storage=roots / "storage", roots=roots, cancelled=cancelled)


def made(answer: Mapping[str, Any]) -> dict[str, Path]:
    """Return the files that an execution made, by name; it has succeeded."""
    assert (answer["finalStatus"], answer["message"]) == ("SUCCESS", "")
    return {output["name"]: Path(output["url"].removeprefix("file:")) for output in answer["outputs"]}
