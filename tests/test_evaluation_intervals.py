"""How sure one model is: Wilson for rates, for pooled figures a bootstrap that draws near-duplicates together."""

import pytest

from scenes import OFFERED, SCHEMAS, call, turn
from toolgemma.evaluation.intervals import COMPARED, headline_intervals
from toolgemma.evaluation.metrics import COMPANIONS, TOOL_CALL_METRICS, call_metrics
from toolgemma.evaluation.score import score_calls
from toolgemma.evaluation.summary import Scored

PARIS, ROME = call("get_weather", city="Paris"), call("get_weather", city="Rome")
RIGHT, WRONG, SPRAY, BROKEN = turn(PARIS), turn(ROME), turn(PARIS, call("teleport")), turn(malformed=1)


def scored(*parsed, view="repaired"):
    return [
        Scored(f"test/{number}", view, "easy", 3, False, "", score_calls([PARIS], each, OFFERED, SCHEMAS))
        for number, each in enumerate(parsed)
    ]


def test_points_are_the_metrics():
    found = scored(RIGHT, WRONG, SPRAY, BROKEN, turn())
    intervals = headline_intervals([*found, *scored(RIGHT, view="published")], {})
    metrics = call_metrics([entry.score for entry in found])
    for name, interval in intervals.items():
        assert interval["point"] == pytest.approx(metrics[name].value), name
    assert set(TOOL_CALL_METRICS) <= set(COMPARED) and set(COMPARED) <= set(intervals)
    rates = {"malformed_rate", "hallucinated_name_rate", "truncated_rate", "recall_call", "abstention_accuracy"}
    assert rates <= set(intervals) & set(COMPANIONS)


def test_rates_are_wilson_and_pooled_figures_vary():
    intervals = headline_intervals(scored(*[RIGHT] * 3, *[WRONG] * 2), {})
    accuracy = intervals["tool_call_accuracy"]
    assert (round(accuracy["low"], 3), round(accuracy["high"], 3)) == (0.231, 0.882)  # published tables: 3 of 5
    f1 = intervals["tool_call_f1"]
    assert 0 <= f1["low"] < f1["point"] == 0.6 < f1["high"] <= 1
    assert intervals["abstention_accuracy"] == {"point": None, "low": None, "high": None}


def test_near_duplicates_are_drawn_together():
    """Twenty rows that are ten pairs know less than twenty."""
    found = scored(*[RIGHT, RIGHT, WRONG, WRONG] * 5)
    pairs = {f"test/{number}": f"test/{number // 2 * 2}" for number in range(20)}
    alone, together = (headline_intervals(found, groups)["tool_args_accuracy"] for groups in ({}, pairs))
    assert together["point"] == alone["point"] == 0.5
    assert together["high"] - together["low"] > 1.2 * (alone["high"] - alone["low"])


def test_nothing_scored():
    assert {interval["point"] for interval in headline_intervals([], {}).values()} == {None}
