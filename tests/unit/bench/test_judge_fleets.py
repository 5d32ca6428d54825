from bench.fleets.measuring import Fleets


def test_it_compares_medians_with_the_goals() -> None:
    measured = Fleets(
        cpu_ms={
            "plain Celery task": [1.0, 9.0, 1.2],
            "worker type": [1.5, 1.8, 0.1],
            "bulk type": [0.3, 0.3, 0.3],
        },
        idle_bytes={},
    )
    against_plain, against_single = measured.goals()
    assert (round(against_plain.reached, 3), against_plain.met) == (1.25, True)
    assert (round(against_single.reached, 3), against_single.met) == (0.2, True)
