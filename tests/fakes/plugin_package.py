"""An installed package that declares process plugins, made for the duration of a block."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.processes.registry import GROUP, plugins

#: A plugin with a secret.
VAULT = '''
from workers.processes.metadata import PluginMetadata
from workers.processes.parameters import ParameterDescriptor, ParameterType
from workers.processes.useless import UselessProcessPlugin


class Vault(UselessProcessPlugin):
    metadata = PluginMetadata(
        plugin_id="Vault",
        version="2.0",
        description="Keeps a secret",
        class_name="vault.Vault",
        parameters=(
            ParameterDescriptor(name="password", label="Password", description="A secret", sensitive=True),
        ),
    )


class Hint(UselessProcessPlugin):
    metadata = PluginMetadata(
        plugin_id="Hint",
        version="1.0",
        description="Keeps a secret, if there is one",
        class_name="vault.Hint",
        parameters=(
            ParameterDescriptor(
                name="hint", label="Hint", description="A secret", optional=True, sensitive=True
            ),
        ),
    )


class Open(UselessProcessPlugin):
    metadata = PluginMetadata(
        plugin_id="Open",
        version="1.0",
        description="Shows what others keep secret, and keeps two secrets of its own",
        class_name="vault.Open",
        parameters=(
            ParameterDescriptor(name="password", label="Password", description="No secret", optional=True),
            *(
                ParameterDescriptor(
                    name=name, label=name, description="A secret", optional=True, sensitive=True
                )
                for name in ("firstSecret", "secondSecret")
            ),
        ),
    )


class Chain(UselessProcessPlugin):
    metadata = PluginMetadata(
        plugin_id="Chain",
        version="1.0",
        description="Uses another plugin configuration",
        class_name="vault.Chain",
        parameters=(
            ParameterDescriptor(
                name="next", label="Next", description="Used", type=ParameterType.PLUGIN, optional=True
            ),
        ),
    )


class Copy(Vault):
    """Has the id of another plugin."""


class Strict(UselessProcessPlugin):
    metadata = PluginMetadata(
        plugin_id="Strict",
        version="1.0",
        description="Takes at most 100 bytes of a dataset, and no file that is called bad",
        class_name="vault.Strict",
        parameters=(),
    )

    @classmethod
    def batch_violations(cls, parameters, filesets):
        return [f"{name} has more than 100 bytes" for name in filesets if filesets[name]["totalBytes"] > 100]

    @classmethod
    def execution_violations(cls, parameters, input_files):
        names = [file["fileName"] for file in input_files]
        if "broken" in names:
            raise RuntimeError("no idea")
        return ["bad is bad", "and stays so"] if "bad" in names else []


class Broken(UselessProcessPlugin):
    metadata = PluginMetadata(
        plugin_id="Broken",
        version="1.0",
        description="Cannot read its parameters",
        class_name="vault.Broken",
        parameters=(),
    )

    @classmethod
    def profile(cls, parameters):
        return parameters["missing"] + 1


def no_plugin() -> None:
    """Is no plugin."""
'''


@contextmanager
def installed(folder: Path, *, module: str = "vault", **entries: str) -> Iterator[None]:
    """Install the module of `VAULT` with these entry points: name → object of the module."""
    (folder / f"{module}.py").write_text(VAULT)
    try:
        with declared(folder, **{name: f"{module}:{target}" for name, target in entries.items()}):
            yield
    finally:
        sys.modules.pop(module, None)


@contextmanager
def declared(folder: Path, **entries: str) -> Iterator[None]:
    """Install a package that declares these entry points: name → ``module:object``."""
    information = folder / "sample-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n")
    lines = "".join(f"{name} = {target}\n" for name, target in entries.items())
    (information / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}")
    sys.path.insert(0, str(folder))
    plugins.cache_clear()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        plugins.cache_clear()
