"""The name of a manager in the names of its own queues."""

import os
import subprocess
import sys

from tests.stack.process import ROOT

_PRINT = "from django.conf import settings; print(settings.AMQP_INSTANCE_ID)"


def _instance_id(**variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _PRINT],
        cwd=ROOT,
        env=os.environ | {"BROKER_URL": "amqp://somewhere.invalid//"} | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_two_processes_on_one_machine_have_names_of_their_own() -> None:
    assert _instance_id() != _instance_id()


def test_a_process_takes_the_name_that_it_is_given() -> None:
    assert _instance_id(AMQP_INSTANCE_ID="m-1") == "m-1"
