"""What a comparison says: the gain with its interval, the verdict, and what so few rows can't show."""

from toolgemma.evaluation.compare import Predicted, Predictions, compare
from toolgemma.evaluation.score import CallScore
from toolgemma.evaluation.verdict import sentences, sheet


def decision(correct: bool) -> Predicted:
    hit = int(correct)
    score = CallScore(
        label="ok" if correct else "missed_call",
        sublabel=None,
        gold=1,
        called=hit,
        malformed=0,
        matched=hit,
        names_matched=hit,
        not_offered=0,
        exact=correct,
        truncated=False,
        by_tool=(("f", hit, 0, 1 - hit),),
    )
    return Predicted("easy", "same", score)


def predictions(name: str, outcomes: list[bool]) -> Predictions:
    views = {"repaired": {(f"test/{row}", 1): decision(outcome) for row, outcome in enumerate(outcomes)}}
    return Predictions(name, {"decoding": "greedy", "dtype": name}, views)


def found(before: list[bool], after: list[bool]):
    return compare(predictions("a", before), predictions("b", after))


def test_a_clear_gain_is_called_better():
    # 10 rows fixed, none broken: two-sided exact McNemar p = 2 / 2**10.
    comparison = found([False] * 10 + [True] * 10, [True] * 20)
    rows = {row[0]: row[1:] for row in sheet(comparison, "untuned", "tuned").rows}
    assert rows["tool_call_accuracy"][:2] == ("50.0", "100.0")
    assert rows["tool_call_accuracy"][2].startswith("+50.0 [")
    assert rows["tool_call_accuracy"][3:] == ("= 0.002", "better")
    assert rows["tool_call_f1"][3].endswith("(Holm)")
    text = "\n".join(sentences(comparison))
    assert "10 rows fixed, 0 broken" in text
    assert "fixed: test/0 test/1" in text
    assert "broken:" not in text
    assert "not the same in both: dtype: a before, b after" in text


def test_a_difference_that_is_not_significant_is_not_shown():
    comparison = found([False, False, True, True], [True, True, True, False])
    assert sheet(comparison, "untuned", "tuned").rows[0][-1] == "not shown"
    text = "\n".join(sentences(comparison))
    assert "2 rows fixed, 1 broken" in text
    assert "p = 1.000: not shown" in text


def test_long_lists_of_rows_are_cut():
    text = "\n".join(sentences(found([False] * 30, [True] * 30)))
    assert "exact McNemar p < 0.001: better" in text
    assert "fixed: test/0 test/1 test/2 " in text
    assert "and 18 more" in text
