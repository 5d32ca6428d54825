"""How much may be on its way at once."""

import pytest

from regards_processing.processing.quota import Allowance, Quota, Usage


def _ask(allowance: Allowance, *, user: str = "ada", executions: int = 1, size: int = 0) -> list[str]:
    return allowance.take(user=user, executions=executions, size=size)


def test_it_allows_anything_without_a_quota() -> None:
    assert _ask(Allowance(), executions=10**6, size=10**15) == []


@pytest.mark.parametrize(
    ("allowance", "told"),
    [
        (
            Allowance(of_tenant=Quota(executions=2), used=Usage(executions=2)),
            "This tenant may have 2 executions on their way at once: there are 2 now, and 1 more",
        ),
        (
            Allowance(of_tenant=Quota(size=10), used=Usage(size=6)),
            "This tenant may have 10 bytes of input on their way at once: there are 6 now, and 5 more",
        ),
        (
            Allowance(of_each_user=Quota(executions=1), used_by={"ada": Usage(executions=1)}),
            "User ada may have 1 executions on their way at once: there are 1 now, and 1 more",
        ),
        (
            Allowance(of_each_user=Quota(size=4)),
            "User ada may have 4 bytes of input on their way at once: there are 0 now, and 5 more",
        ),
    ],
)
def test_it_names_the_quota_that_would_be_broken(allowance: Allowance, told: str) -> None:
    assert _ask(allowance, size=5) == [f"{told} were ordered."]


def test_it_names_every_quota_that_would_be_broken() -> None:
    allowance = Allowance(of_tenant=Quota(executions=1, size=1), of_each_user=Quota(executions=1, size=1))
    assert len(_ask(allowance, executions=2, size=2)) == 4


def test_it_counts_what_it_allowed_and_nothing_else() -> None:
    allowance = Allowance(of_tenant=Quota(executions=3), of_each_user=Quota(executions=2))
    asked = ["ada", "ada", "ada", "bob", "eve"]
    assert [bool(_ask(allowance, user=user)) for user in asked] == [False, False, True, False, True]


def test_it_takes_what_just_fits() -> None:
    allowance = Allowance(of_tenant=Quota(size=10), used=Usage(size=4))
    assert _ask(allowance, size=6) == []
    assert _ask(allowance, size=0) == []
    assert _ask(allowance, size=1) != []
