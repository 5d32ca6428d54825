"""What a process, and a call in it, may see of tenants' rows."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from regards_processing.kernel.tenancy import visibility
from tests.stack.process import ROOT

#: What a process that serves every tenant sees: in a thread, in a call, and after it.
_SERVER = """
from concurrent.futures import ThreadPoolExecutor
from regards_processing.kernel.tenancy import visibility
visibility.serve_every_tenant()
with ThreadPoolExecutor(1) as pool:
    print(pool.submit(visibility.seen).result())
with visibility.seeing_nothing():
    print(visibility.seen())
print(visibility.seen())
"""


def test_it_sees_nothing_unless_told() -> None:
    assert visibility.seen() == visibility.NOTHING


def test_it_serves_every_tenant_except_in_calls() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SERVER], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == [visibility.EVERYTHING, visibility.NOTHING, visibility.EVERYTHING, ""]


def test_it_sees_one_tenant_once_a_call_is_admitted_and_forgets_it_afterwards() -> None:
    with visibility.seeing_nothing():
        visibility.admit(7)
        assert visibility.seen() == "7"
    assert visibility.seen() == visibility.NOTHING


def test_it_ignores_an_admission_outside_of_calls() -> None:
    visibility.admit(7)
    visibility.admit_everywhere()
    assert visibility.seen() == visibility.NOTHING


def test_it_widens_the_sight_of_a_call_for_a_moment() -> None:
    with visibility.seeing_tenant(7):
        with visibility.seeing_every_tenant():
            assert visibility.seen() == visibility.EVERYTHING
        assert visibility.seen() == "7"


def test_it_keeps_calls_of_other_threads_apart() -> None:
    with visibility.seeing_tenant(7), ThreadPoolExecutor(1) as pool:
        assert pool.submit(visibility.seen).result() == visibility.NOTHING
