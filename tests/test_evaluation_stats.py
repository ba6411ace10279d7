"""Statistics against textbook values, other implementations, and simulation; and the numbers in docs/evaluation.md."""

import math
import re
from fractions import Fraction
from itertools import product
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgemma.evaluation.stats import (
    Interval,
    bootstrap,
    difference,
    f1,
    holm,
    mcnemar,
    mcnemar_power,
    randomisation,
    ratio,
    sign_test,
    smallest_gain,
    wilson,
)

DOCUMENT = Path(__file__).parents[1] / "docs" / "evaluation.md"


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(successes, total, low, high):
    found = wilson(successes, total)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.point == successes / total


def test_wilson_at_another_level_and_at_the_ends():
    found = wilson(15, 40, level=0.9)  # statsmodels 0.14, proportion_confint(15, 40, 0.1, "wilson")
    assert (found.low, found.high) == pytest.approx((0.26080784681859226, 0.5050305153427723), abs=1e-12)
    assert wilson(10, 10).high == 1.0
    assert wilson(0, 0) == Interval(None, None, None)
    with pytest.raises(ValueError, match="11 successes of 10"):
        wilson(11, 10)


@given(st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_holds_the_rate_and_mirrors(counts):
    successes, total = counts
    found, mirrored = wilson(successes, total), wilson(total - successes, total)
    assert 0 <= found.low <= found.point <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))


@pytest.mark.parametrize(
    ("fixed", "broken", "p"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (6, 0, 2 / 64),
        (9, 3, 2 * (1 + 12 + 66 + 220) / 4096),
        (150, 86, 3.7159361395713866e-05),  # Agresti, Categorical Data Analysis, table 10.1; scipy 1.16 binomtest
        (40, 60, 0.05688793364098089),  # scipy 1.16 binomtest
    ],
)
def test_sign_test_as_published(fixed, broken, p):
    assert sign_test(fixed, broken) == pytest.approx(p, rel=1e-12)
    assert sign_test(broken, fixed) == sign_test(fixed, broken)


def test_mcnemar_counts_pairs():
    found = mcnemar([True, True, False, False, False], [True, False, True, True, False])
    assert (found.both, found.fixed, found.broken, found.neither, found.rows) == (1, 2, 1, 1, 5)
    assert found.gain == pytest.approx(1 / 5)
    assert mcnemar([], []).gain is None
    with pytest.raises(ValueError, match="shorter"):
        mcnemar([True], [])


def test_holm_by_hand():
    # 4 x 0.005; 3 x 0.01; 2 x 0.03; 0.04 may not fall below the one before it
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert list(adjusted) == ["a", "b", "c", "d"]
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_f1_and_ratio_are_undefined_at_zero_over_zero():
    assert math.isnan(f1(np.zeros(3)))
    assert math.isnan(ratio(np.zeros(2)))
    assert f1(np.array([[2.0, 1.0, 3.0]])) == pytest.approx(4 / 8)
    assert bootstrap([[0, 0, 0]], f1) == Interval(None, None, None)
    assert bootstrap(np.zeros((0, 2)), ratio) == Interval(None, None, None)


def test_bootstrap_width_is_that_of_the_normal_approximation():
    values = np.random.default_rng(1).exponential(size=400)
    found = bootstrap(np.column_stack([values, np.ones(400)]), ratio)
    assert found.point == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(400), rel=0.05)


def test_bootstrap_keeps_strata_apart():
    """Rows that differ between strata only have no spread within them."""
    columns = [[0, 1]] * 10 + [[1, 1]] * 10
    assert bootstrap(columns, ratio, strata=["easy"] * 10 + ["hard"] * 10) == Interval(0.5, 0.5, 0.5)
    assert bootstrap(columns, ratio).high > 0.6


def test_bootstrap_keeps_clusters_together():
    """Four copies of each row in a cluster say no more than one: the same interval, twice as wide as if independent."""
    rows = [[number % 2, 1] for number in range(30)]
    copied = [row for row in rows for _ in range(4)]
    clusters = [number for number in range(30) for _ in range(4)]
    once = bootstrap(rows, ratio)
    assert bootstrap(copied, ratio, clusters=clusters) == once
    independent = bootstrap(copied, ratio)
    assert once.high - once.low == pytest.approx(2 * (independent.high - independent.low), rel=0.1)


def test_bootstrap_is_seeded_and_chunks_do_not_matter(monkeypatch):
    columns = [[math.sqrt(number), 1] for number in range(50)]
    once = bootstrap(columns, ratio, seed=3)
    assert bootstrap(columns, ratio, seed=3) == once
    assert bootstrap(columns, ratio, seed=4) != once
    monkeypatch.setattr("toolgemma.evaluation.stats._CHUNK", 1000)
    assert bootstrap(columns, ratio, seed=3) == once


def test_bootstrap_leaves_undefined_resamples_out():
    """One of five rows has a token; resamples without it have no loss."""
    found = bootstrap([[2, 1], *[[0, 0]] * 4], ratio)
    assert (found.low, found.high) == (2, 2)


def test_bootstrap_wants_one_label_a_row():
    with pytest.raises(ValueError, match="2 rows, 1 strata, 2 clusters"):
        bootstrap([[1, 1], [0, 1]], ratio, strata=["a"])
    with pytest.raises(ValueError, match="shape"):
        bootstrap([1, 0], ratio)


def test_bootstrap_covers_a_paired_difference():
    """The true gain lies inside the 95% interval about 95 times in 100 (n = 60, right answers correlated)."""
    rng = np.random.default_rng(0)
    inside = 0
    for seed in range(200):
        before = rng.random(60) < 0.4
        after = np.where(rng.random(60) < 0.25, ~before, before)  # true gain 0.25 x (0.6 - 0.4) = 0.05
        columns = np.column_stack([before, np.ones(60), after, np.ones(60)])
        found = bootstrap(columns, difference(ratio), resamples=1000, seed=seed)
        inside += found.low <= 0.05 <= found.high
    assert 0.90 <= inside / 200 <= 0.98


def test_randomisation_agrees_with_the_sign_test():
    before, after = [[0, 1]] * 9 + [[1, 1]] * 3, [[1, 1]] * 9 + [[0, 1]] * 3
    assert randomisation(before, after, ratio) == pytest.approx(sign_test(9, 3), abs=0.015)
    assert randomisation(before, before, ratio) == 1.0
    assert randomisation([[0, 0]], [[0, 0]], ratio) == 1.0


def test_randomisation_swaps_clusters_as_one():
    before, after = [[0, 1]] * 12, [[1, 1]] * 12
    assert randomisation(before, after, ratio) < 0.01  # 2 / 2 ** 12
    assert randomisation(before, after, ratio, clusters=[0] * 6 + [1] * 6) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("rows", "fixed", "broken"), [(8, 0.5, 0.1), (12, 0.75, 0.0), (9, 0.2, 0.2)])
def test_power_by_enumeration(rows, fixed, broken):
    expected = 0.0
    for gains, losses in product(range(rows + 1), repeat=2):
        if gains + losses <= rows:
            ways = comb(rows, gains) * comb(rows - gains, losses)
            tail = sum(Fraction(comb(gains + losses, k), 2 ** (gains + losses)) for k in range(losses + 1))
            if gains > losses and 2 * tail <= Fraction(1, 20):
                expected += ways * fixed**gains * broken**losses * (1 - fixed - broken) ** (rows - gains - losses)
    assert mcnemar_power(rows, fixed, broken) == pytest.approx(expected, abs=1e-9)


def test_sixty_rows_show_twenty_points_not_five():
    assert smallest_gain(60) == pytest.approx(0.20, abs=0.005)
    assert mcnemar_power(60, 0.05 + 0.05, 0.05) < 0.15


@pytest.mark.parametrize(("rows", "broken"), [(60, 0.05), (200, 0.1), (2351, 0.05)])
def test_smallest_gain_near_the_normal_approximation(rows, broken):
    """Connor 1987, Biometrics 43: n = (z_a sqrt(psi) + z_b sqrt(psi - delta^2))^2 / delta^2; exact needs more."""
    gain = smallest_gain(rows, broken)
    discordant = gain + 2 * broken
    needed = ((1.95996 * math.sqrt(discordant) + 0.84162 * math.sqrt(discordant - gain**2)) / gain) ** 2
    assert 0.8 * rows <= needed <= rows


def test_smallest_gain_falls_with_rows_and_rises_with_breakage():
    assert smallest_gain(400) < smallest_gain(100) < smallest_gain(60) < smallest_gain(60, 0.1)
    assert smallest_gain(5) is None  # even five fixed rows of five have p = 1/16
    assert smallest_gain(0) is None
    with pytest.raises(ValueError, match="broken rate"):
        smallest_gain(60, 0.5)


def test_the_worked_example_in_the_document():
    """Every number of the table in docs/evaluation.md, from the counts of fixed, broken and right rows."""
    published = {"all tool rows": (12, 9, 3, 16), "tool offered": (12, 3, 3, 7), "tool not offered": (0, 6, 0, 9)}
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, (both, fixed, broken, neither) in published.items():
        (line,) = re.findall(rf"^\| {name} \|.*$", text, re.MULTILINE)
        assert line == _line(name, both, fixed, broken, neither)


def _line(name, both, fixed, broken, neither):
    """A row of the table: counts are the author's, the rest is computed."""

    def percent(value):
        return f"{100 * value:.1f}"

    before = [True] * both + [False] * fixed + [True] * broken + [False] * neither
    after = [True] * (both + fixed) + [False] * (broken + neither)
    test = mcnemar(before, after)
    columns = np.column_stack([before, np.ones(test.rows), after, np.ones(test.rows)])
    gain = bootstrap(columns, difference(ratio))
    rates = [
        f"{sum(side)} = {percent(found.point)}% [{percent(found.low)}, {percent(found.high)}]"
        for side in (before, after)
        for found in [wilson(sum(side), test.rows)]
    ]
    interval = f"{100 * gain.point:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
    cells = [
        name,
        str(test.rows),
        *rates,
        f"{fixed} / {broken}",
        f"{test.p:.3f}",
        interval,
        percent(smallest_gain(test.rows)),
    ]
    return f"| {' | '.join(cells)} |"
