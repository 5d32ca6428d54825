"""An examination as JSON for machines, and in lines for people."""

from textwrap import wrap
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from regards_processing.kernel.doctor.examination import Diagnosis, Examination
from regards_processing.kernel.doctor.findings import Finding, Outcome

_STYLES: Final = {
    Outcome.OK: "green",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.SKIPPED: "dim",
}
#: What one check is, and several are.
_TOTALS: Final = {
    Outcome.OK: ("ok", "ok"),
    Outcome.WARNING: ("warning", "warnings"),
    Outcome.FAILED: ("failed", "failed"),
    Outcome.SKIPPED: ("skipped", "skipped"),
}
#: Widths of the columns.
_NAME: Final = 18
_OUTCOME: Final = 9
_NARROWEST: Final = 40


def examination_as_json(examination: Examination) -> dict[str, Any]:
    """Return an examination as JSON values."""
    return {
        "outcome": examination.outcome.name.lower(),
        "counts": {outcome.name.lower(): examination.count(outcome) for outcome in _STYLES},
        "checks": [_diagnosis(diagnosis) for diagnosis in examination.diagnoses],
    }


def _diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "check": diagnosis.check.name,
        "question": diagnosis.check.question,
        "outcome": diagnosis.outcome.name.lower(),
        "seconds": round(diagnosis.took, 3),
        "findings": [_finding(finding) for finding in diagnosis.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {"outcome": finding.outcome.name.lower(), "found": finding.found}
    if finding.advice:
        told["advice"] = finding.advice.splitlines()
    return told | ({"facts": dict(finding.facts)} if finding.facts else {})


class Lines:
    """Prints checks as they end."""

    def __init__(self, file: Any) -> None:
        self._console = Console(file=file, highlight=False, soft_wrap=True)

    def show(self, diagnosis: Diagnosis) -> None:
        """Print what a check found, and what to do about it."""
        name = diagnosis.check.name
        for finding in diagnosis.findings:
            outcome = finding.outcome.name.lower()
            head = Text(f"{name:<{_NAME}}{outcome:<{_OUTCOME}}")
            head.stylize(_STYLES[finding.outcome], _NAME, _NAME + _OUTCOME)
            self._print(head, finding.found)
            for step in finding.advice.splitlines():
                self._print(Text(" " * (_NAME + _OUTCOME)), f"→ {step}", style="cyan")
            name = ""

    def conclude(self, examination: Examination) -> None:
        """Print how many checks ended how."""
        counts = ((outcome, examination.count(outcome)) for outcome in _STYLES)
        parts = [
            Text(f"{count} {_TOTALS[outcome][count != 1]}", style=_STYLES[outcome])
            for outcome, count in counts
        ]
        self._console.print()
        self._console.print(Text(", ").join(parts))

    def _print(self, head: Text, words: str, *, style: str = "") -> None:
        """Print words behind a head, indented as it is wide; unbroken where there is no terminal."""
        width = self._console.width - len(head) if self._console.is_terminal else len(words)
        for line in wrap(words, max(width, _NARROWEST)):
            self._console.print(head + Text(line, style=style))
            head = Text(" " * len(head))
