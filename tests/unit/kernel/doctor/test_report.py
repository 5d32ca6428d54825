"""What the doctor found, for people and for machines."""

import io

from regards_processing.kernel.doctor.checks import Check
from regards_processing.kernel.doctor.examination import Diagnosis, Examination
from regards_processing.kernel.doctor.findings import failed, ok, warning
from regards_processing.kernel.doctor.report import Lines, examination_as_json

_LONG = "regards.broadcast." + "x" * 200
_QUEUES = Diagnosis(
    check=Check(name="queues", question="Are queues well?", look=lambda _at: ()),
    findings=(
        ok("2 queues are as the contract says"),
        failed(f"{_LONG}: wrong", advice="Stop.\nMove [it].", queue=_LONG, messages=3),
    ),
    took=0.12345,
)
_DOORS = Diagnosis(
    check=Check(name="doors", question="Closed?", look=lambda _at: ()),
    findings=(warning("open", advice="Close."),),
    took=0,
)
EXAMINATION = Examination(diagnoses=(_QUEUES, _DOORS))


def test_it_prints_lines_for_people() -> None:
    written = io.StringIO()
    lines = Lines(written)
    for diagnosis in EXAMINATION.diagnoses:
        lines.show(diagnosis)
    lines.conclude(EXAMINATION)
    assert written.getvalue().splitlines() == [
        "queues            ok       2 queues are as the contract says",
        f"                  failed   {_LONG}: wrong",
        "                           → Stop.",
        "                           → Move [it].",
        "doors             warning  open",
        "                           → Close.",
        "",
        "0 ok, 1 warning, 1 failed, 0 skipped",
    ]


def test_it_tells_the_same_to_machines() -> None:
    assert examination_as_json(EXAMINATION) == {
        "outcome": "failed",
        "counts": {"ok": 0, "warning": 1, "failed": 1, "skipped": 0},
        "checks": [
            {
                "check": "queues",
                "question": "Are queues well?",
                "outcome": "failed",
                "seconds": 0.123,
                "findings": [
                    {"outcome": "ok", "found": "2 queues are as the contract says"},
                    {
                        "outcome": "failed",
                        "found": f"{_LONG}: wrong",
                        "advice": ["Stop.", "Move [it]."],
                        "facts": {"queue": _LONG, "messages": 3},
                    },
                ],
            },
            {
                "check": "doors",
                "question": "Closed?",
                "outcome": "warning",
                "seconds": 0,
                "findings": [{"outcome": "warning", "found": "open", "advice": ["Close."]}],
            },
        ],
    }
