from bench.fleets.measuring import Fleets, Pool


def test_it_compares_medians_with_the_goals_of_each_pool() -> None:
    solo = Pool(
        cpu_ms={
            "plain Celery task": [1.0, 9.0, 1.2],
            "worker type": [1.5, 1.8, 0.1],
            "bulk type": [0.3, 0.3, 0.3],
        },
        idle_bytes={},
    )
    threads = Pool(
        cpu_ms={"plain Celery task": [1.0], "worker type": [1.3], "bulk type": [1.4]}, idle_bytes={}
    )
    goals = Fleets(pools={"solo": solo, "threads": threads}).goals()
    assert [(goal.name.partition(":")[0], round(goal.reached, 3), goal.met) for goal in goals] == [
        ("solo", 1.25, True),
        ("solo", 0.2, True),
        ("threads", 1.3, False),
        ("threads", 1.077, False),
    ]
