"""Asking a process over HTTP how it is, as an orchestrator and Prometheus do."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

#: A measure as it was read: its name, and its labels in their order.
Series = tuple[str, tuple[tuple[str, str], ...]]


class NotAnswered(AssertionError):
    """What was waited for did not come."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What one scrape read."""

    values: Mapping[Series, float]

    def value(self, name: str, **labels: str) -> float:
        """Return one measure; the sum of several when labels are left out, 0 when there is none."""
        return sum(
            value
            for (found, given), value in self.values.items()
            if found == name and labels.items() <= dict(given).items()
        )

    def has(self, name: str, **labels: str) -> bool:
        """Say whether there is such a measure."""
        return any(found == name and labels.items() <= dict(given).items() for found, given in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """Asks one process."""

    address: str
    token: str = ""

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Return status and body of an answer.

        Raises:
            OSError: nobody answers.
        """
        shown = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(self.address + path, headers=shown | headers)  # noqa: S310 (our own server)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 (our own server)
                return response.status, response.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()

    def json(self, path: str) -> tuple[int, Any]:
        """Return status and content of an answer."""
        status, body = self.get(path)
        return status, json.loads(body)

    def measures(self) -> Measures:
        """Read the measures."""
        status, body = self.get("/metrics")
        assert status == 200, body
        return Measures(
            {
                (sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in text_string_to_metric_families(body.decode())
                for sample in family.samples
            }
        )

    def await_measures(self, fit: Callable[[Measures], bool], *, timeout: float = 20.0) -> Measures:
        """Read the measures until they fit."""
        until = time.monotonic() + timeout
        while not fit(found := self.measures()):
            if time.monotonic() > until:
                raise NotAnswered(f"after {timeout:g} s: {found.values}")
            time.sleep(0.1)
        return found

    def await_status(self, path: str, status: int, *, timeout: float = 20.0) -> Any:
        """Ask until the answer has a status; return its content."""
        until = time.monotonic() + timeout
        last: object = None
        while time.monotonic() < until:
            try:
                last = self.json(path)
            except OSError as error:
                last = error
            else:
                if last[0] == status:
                    return last[1]
            time.sleep(0.05)
        raise NotAnswered(f"{path} after {timeout:g} s: {last}")
