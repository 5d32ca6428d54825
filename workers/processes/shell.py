"""`SimpleShellProcessPlugin`: a process that is a program of the fleet's machine."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from workers.processes import order
from workers.processes.job import ProcessFailed, ProcessJob
from workers.processes.metadata import PluginMetadata
from workers.processes.order import OrderPlugin
from workers.processes.parameters import ParameterDescriptor

#: Parameter with the variables of the program.
ENVIRONMENT: Final = "envVariables"
#: Ours: parameter with those that nobody may read.
HIDDEN_ENVIRONMENT: Final = "secretEnvVariables"
#: Names of variables whose values are nobody's business.
_SECRET_NAME: Final = re.compile(r"secret|passw|token|credential|api_?key|access_?key|private", re.IGNORECASE)
_ADMIN_TEXT: Final = """\
Runs a program, without arguments, in a folder of the execution:

- `input/` holds the files of the order, those of each feature in a folder of its own;
- what the program writes to `output/` are the files it makes;
- exit code 0 means that it succeeded.

The program is found on `PATH`, or named by its whole path; the account of the fleet must be allowed to
run it.
How many files it has to make is the `cardinality`: with ONE_PER_FEATURE they lie in `output/<feature>/`, with
ONE_PER_INPUT_FILE they are called as the input file, with another extension.
"""


class SimpleShellProcessPlugin(OrderPlugin):
    """Runs a program on the files of an execution."""

    metadata: ClassVar[PluginMetadata] = PluginMetadata(
        plugin_id="SimpleShellProcessPlugin",
        version="1.0.0-SNAPSHOT",
        description="Launches a program of the fleet's machine on the files of an order",
        class_name="fr.cnes.regards.modules.processing.plugins.impl.sample.SimpleShellProcessPlugin",
        owner="CSSI",
        markdown=_ADMIN_TEXT,
        user_markdown="Runs a program of the data centre on the files of an order.",
        parameters=(
            ParameterDescriptor(
                name="shellScript",
                label="Program",
                description="Name of a program on PATH, or its whole path",
            ),
            ParameterDescriptor(
                name=ENVIRONMENT,
                label="Environment variables",
                description="Variables of the program: KEY1=value1&KEY2=value2",
                optional=True,
            ),
            ParameterDescriptor(
                name=HIDDEN_ENVIRONMENT,
                label="Secret environment variables",
                description="More of them, kept encrypted and out of every log; of the same name, these hold",
                optional=True,
                sensitive=True,
            ),
            *order.PARAMETERS,
        ),
    )

    @classmethod
    def own_faults(cls, parameters: Mapping[str, Any]) -> Mapping[str, str]:
        """Refuse a program without a name, and secrets that no program would get."""
        faults = {}
        if not parameters["shellScript"].strip():
            faults["shellScript"] = "shellScript is blank: the name of a program is expected"
        secret = parameters.get(HIDDEN_ENVIRONMENT) or ""
        if secret and len(variables_of(secret)) < len(secret.split("&")):
            # Its text is not told, not even a part of it.
            faults[HIDDEN_ENVIRONMENT] = (
                f"{HIDDEN_ENVIRONMENT} is refused: KEY1=value1&KEY2=value2 is expected, each name once"
            )
        return faults

    @classmethod
    def run(cls, job: ProcessJob) -> None:
        """Run the program in the folder of the execution."""
        program = job.parameters["shellScript"].strip()
        job.step(f"Launch script {program}")
        plain, secret = (variables_of(job.parameters.get(name)) for name in (ENVIRONMENT, HIDDEN_ENVIRONMENT))
        ended = job.run_program([program], environment=plain | secret)
        if ended.exit_code:
            told = "".join(f"\n{line}" for line in ended.last_errors)
            raise ProcessFailed(
                f"correlationId={job.batch_correlation_id} exec={job.execution_id} process={program} : "
                f"Exited with status code {ended.exit_code}{told}"
            )


def variables_of(text: str | None) -> dict[str, str]:
    """Read ``K1=v1&K2=v2``; parts that are no variables are passed over, as in the reference."""
    parts = [part.partition("=") for part in (text or "").split("&")]
    return {name.strip(): value for name, equals, value in parts if equals and name.strip()}


def secret_looking(text: str | None) -> list[str]:
    """Return the names of variables that are called as secrets are."""
    return [name for name in variables_of(text) if _SECRET_NAME.search(name)]
