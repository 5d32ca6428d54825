"""Policies of a configuration file are checked; each fault names field, value and what is allowed."""

import pytest

from worker_manager.configuration.policies import policy_faults

_KEYS = "an object with any of queueTimeout, runTimeout, maxAttempts, backoff, retryOn"
_PAUSES = "an object with any of kind, delay, factor, cap, jitter"
_FAILURES = "ERROR, INVALID_CONTENT, LOST, QUEUE_TIMEOUT, RUN_TIMEOUT, DEAD_LETTER"


@pytest.mark.parametrize(
    ("policy", "field", "value", "allowed"),
    [
        (7, "policy", "7", _KEYS),
        ({"maxAttemps": 3}, "policy.maxAttemps", "3", _KEYS),
        ({"queueTimeout": 0}, "policy.queueTimeout", "0", "a number from 0.1 to 31536000"),
        ({"runTimeout": True}, "policy.runTimeout", "True", "a number from 0.1 to 31536000"),
        ({"maxAttempts": 1.5}, "policy.maxAttempts", "1.5", "a whole number from 1 to 1000"),
        ({"maxAttempts": 1001}, "policy.maxAttempts", "1001", "a whole number from 1 to 1000"),
        ({"backoff": "fast"}, "policy.backoff", "fast", _PAUSES),
        ({"backoff": {"wait": 1}}, "policy.backoff.wait", "1", _PAUSES),
        ({"backoff": {"kind": "linear"}}, "policy.backoff.kind", "linear", "fixed or exponential"),
        ({"backoff": {"delay": -1}}, "policy.backoff.delay", "-1", "a number from 0 to 31536000"),
        ({"backoff": {"factor": 0.5}}, "policy.backoff.factor", "0.5", "a number from 1 to 10"),
        ({"backoff": {"jitter": "much"}}, "policy.backoff.jitter", "much", "a number from 0 to 1"),
        ({"retryOn": "ERROR"}, "policy.retryOn", "ERROR", f"an array with any of {_FAILURES}"),
        ({"retryOn": ["ERROR", "SLOW"]}, "policy.retryOn[1]", "SLOW", _FAILURES),
    ],
)
def test_it_says_what_is_wrong(policy: object, field: str, value: str, allowed: str) -> None:
    (fault,) = policy_faults("policy", policy)
    assert (fault.field, fault.allowed) == (field, allowed)
    assert fault.text.endswith(f" at {field}: rejected value [{value}].")


def test_it_names_every_fault() -> None:
    policy = {"queueTimeout": 0, "backoff": {"cap": -1, "jitter": 2}, "retryOn": [7], "retries": 3}
    assert len(policy_faults("policy", policy)) == 5


@pytest.mark.parametrize("policy", [None, {}, {"backoff": None, "retryOn": []}, {"backoff": {}}])
def test_it_asks_for_nothing(policy: object) -> None:
    assert policy_faults("policy", policy) == []
