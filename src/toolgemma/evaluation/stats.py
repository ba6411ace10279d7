"""How sure a figure is: intervals, tests on paired rows, and the smallest gain that a set of rows can show.

    rate of one model                       wilson(successes, total)
    F1, loss, difference of anything        bootstrap(columns, statistic, strata=query_type, clusters=duplicates)
    before / after on the same rows         mcnemar(before, after)  +  a bootstrap interval of the difference
    the same, where rows aren't 0 or 1      randomisation(before, after, statistic)
    several secondary metrics               holm({metric: p})
    could these rows have shown it at all?  smallest_gain(rows)

Only numpy: what can be exact is (McNemar in whole numbers); what is drawn at random has a fixed seed. 10,000 resamples
of 3,491 rows take about a second, everything else is instant.

Not here: which metric is primary (`metrics.PRIMARY`), and reading predictions (`compare`).
"""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""Sums of columns, shape (..., columns) -> values, shape (...); NaN where undefined (0/0)."""

LEVEL = 0.95
RESAMPLES = 10_000
BROKEN_RATE = 0.05
_CHUNK = 4_000_000
"""Resample weights held at once; bounds the memory at 64 MB."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its confidence interval; all None where it is 0/0."""

    point: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class McNemar:
    """Paired outcomes: `fixed` rows went from wrong to right, `broken` ones from right to wrong."""

    both: int
    fixed: int
    broken: int
    neither: int
    p: float
    """Two-sided exact p-value; 1.0 without discordant rows."""

    @property
    def rows(self) -> int:
        """Pairs compared."""
        return self.both + self.fixed + self.broken + self.neither

    @property
    def gain(self) -> float | None:
        """Rate after minus rate before."""
        return (self.fixed - self.broken) / self.rows if self.rows else None


def wilson(successes: int, total: int, level: float = LEVEL) -> Interval:
    """Wilson score interval of a rate (Wilson 1927), without continuity correction."""
    if not 0 <= successes <= total:
        raise ValueError(f"{successes} successes of {total}")
    if total == 0:
        return Interval(None, None, None)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    rate = successes / total
    centre = (rate + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == total else centre + half
    return Interval(rate, low, high)


def ratio(sums: Floats) -> Floats:
    """Statistic over the columns (numerator, denominator): a rate, a mean, or a loss per token."""
    return _divide(sums[..., 0], sums[..., 1])


def f1(sums: Floats) -> Floats:
    """Statistic over the columns (true positives, false positives, false negatives): micro F1."""
    return _divide(2 * sums[..., 0], 2 * sums[..., 0] + sums[..., 1] + sums[..., 2])


def difference(statistic: Statistic) -> Statistic:
    """Statistic over the columns of `statistic` before, then the same ones after: after minus before."""

    def after_minus_before(sums: Floats) -> Floats:
        half = sums.shape[-1] // 2
        return statistic(sums[..., half:]) - statistic(sums[..., :half])

    return after_minus_before


def bootstrap(
    columns: ArrayLike,
    statistic: Statistic,
    *,
    strata: Sequence[Hashable] | None = None,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> Interval:
    """Percentile interval of a statistic of column sums, by resampling whole clusters within strata.

    `columns`: numbers of shape (rows, columns). `strata` and `clusters` are labels, one a row: rows of one cluster
    (near-duplicates) come and go together, each stratum keeps its number of clusters (Davison and Hinkley 1997, 3.2 and
    3.8). A cluster belongs to the stratum of its first row. Resamples where the statistic is 0/0 are left out.

    For a paired difference put both models' columns side by side and use `difference`: a row then keeps its pair.
    """
    values = np.asarray(columns, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"columns must have shape (rows, columns), not {values.shape}")
    point = float(statistic(values.sum(axis=0)))
    if len(values) == 0 or math.isnan(point):
        return Interval(None, None, None)
    groups = _cluster_sums(values, strata, clusters)
    rng = np.random.default_rng(seed)
    found = statistic(_resample(groups, resamples, rng))
    low, high = np.nanquantile(found, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(point, float(low), float(high))


def randomisation(
    before: ArrayLike,
    after: ArrayLike,
    statistic: Statistic,
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> float:
    """Two-sided p-value of a paired difference, by swapping before and after at random within each cluster.

    `before`, `after`: columns of the same rows, shape (rows, columns). Approximate randomisation (Noreen 1989); the
    smallest value it can give is 1 / (resamples + 1). 1.0 where the statistic is 0/0.
    """
    pair = np.hstack([np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)])
    gain = difference(statistic)
    observed = abs(float(gain(pair.sum(axis=0))))
    if math.isnan(observed):
        return 1.0
    (sums,) = _cluster_sums(pair, None, clusters)
    half = pair.shape[1] // 2
    moved = np.hstack([sums[:, half:] - sums[:, :half], sums[:, :half] - sums[:, half:]])
    rng = np.random.default_rng(seed)
    extreme = 0
    step = max(1, _CHUNK // len(sums))
    for start in range(0, resamples, step):
        swapped = rng.integers(0, 2, size=(min(step, resamples - start), len(sums)))
        extreme += int((np.abs(gain(sums.sum(axis=0) + swapped @ moved)) >= observed - 1e-12).sum())
    return (extreme + 1) / (resamples + 1)


def mcnemar(before: Iterable[bool], after: Iterable[bool]) -> McNemar:
    """Exact McNemar test on the same rows, in the same order (McNemar 1947; two-sided binomial on discordant rows)."""
    pairs = list(zip(map(bool, before), map(bool, after), strict=True))
    fixed, broken = pairs.count((False, True)), pairs.count((True, False))
    return McNemar(pairs.count((True, True)), fixed, broken, pairs.count((False, False)), sign_test(fixed, broken))


def sign_test(fixed: int, broken: int) -> float:
    """Two-sided exact p-value of `fixed` against `broken` under even odds; computed in whole numbers."""
    discordant, fewer = fixed + broken, min(fixed, broken)
    tail: int = sum(math.comb(discordant, count) for count in range(fewer + 1))
    return min(1.0, tail * 2 / (1 << discordant))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p-values (Holm 1979), in the order given: below 0.05 is significant in the family of all."""
    adjusted = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def smallest_gain(
    rows: int, broken_rate: float = BROKEN_RATE, *, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """The smallest gain in a rate that the exact McNemar test would show with `power` on so many paired rows.

    Assumes independent rows of which the change breaks a share `broken_rate` and fixes `broken_rate` + gain; so the
    discordant share is 2 x `broken_rate` + gain. More breakage needs more gain. None: not even the largest possible
    gain, 1 - 2 x `broken_rate`, would be shown.
    """
    if rows < 0 or not 0 <= broken_rate < 0.5:
        raise ValueError(f"{rows} rows, broken rate {broken_rate}")
    low, high = 0.0, 1 - 2 * broken_rate
    if mcnemar_power(rows, broken_rate + high, broken_rate, alpha) < power:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        if mcnemar_power(rows, broken_rate + middle, broken_rate, alpha) < power:
            low = middle
        else:
            high = middle
    return high


def mcnemar_power(rows: int, fixed_rate: float, broken_rate: float, alpha: float = 0.05) -> float:
    """Probability that exact McNemar finds p <= alpha with more fixed than broken rows; exact, not simulated.

    The number of discordant rows is binomial, and given it the number of fixed ones is; both are summed out.
    """
    discordant_rate = fixed_rate + broken_rate
    if rows == 0 or discordant_rate <= 0:
        return 0.0
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, rows + 1)))])
    discordant = np.arange(rows + 1)
    chance = _binomial(rows, discordant, discordant_rate, log_factorial)
    power = 0.0
    for count in discordant[chance > 1e-12]:
        fixed = np.arange(count + 1)
        tail_under_null = np.cumsum(_binomial(count, fixed, 0.5, log_factorial)[::-1])[::-1]
        significant = 2 * tail_under_null <= alpha
        shown = _binomial(count, fixed, fixed_rate / discordant_rate, log_factorial)[significant].sum()
        power += float(chance[count] * shown)
    return power


def _divide(numerator: Floats, denominator: Floats) -> Floats:
    quotient: Floats = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=np.asarray(denominator) != 0)
    return quotient


def _cluster_sums(
    values: Floats, strata: Sequence[Hashable] | None, clusters: Sequence[Hashable] | None
) -> list[Floats]:
    """Per stratum the sums over each of its clusters, shape (clusters, columns)."""
    labels = range(len(values)) if clusters is None else clusters
    kinds: Sequence[Hashable] = [None] * len(values) if strata is None else strata
    if len(labels) != len(values) or len(kinds) != len(values):
        raise ValueError(f"{len(values)} rows, {len(kinds)} strata, {len(labels)} clusters: one of each a row")
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(label, len(numbers)) for label in labels])
    sums = np.zeros((len(numbers), values.shape[1]))
    np.add.at(sums, index, values)
    members: dict[Hashable, list[int]] = {}
    seen: set[int] = set()
    for number, kind in zip(index.tolist(), kinds, strict=True):
        if number not in seen:
            seen.add(number)
            members.setdefault(kind, []).append(number)
    return [sums[chosen] for chosen in members.values()]


def _resample(groups: Sequence[Floats], resamples: int, rng: np.random.Generator) -> Floats:
    """Column sums of each resample, shape (resamples, columns): clusters drawn with replacement within each stratum."""
    total = np.zeros((resamples, groups[0].shape[1]))
    for sums in groups:
        size = len(sums)
        step = max(1, _CHUNK // size)
        for start in range(0, resamples, step):
            count = min(step, resamples - start)
            weights = rng.multinomial(size, np.full(size, 1 / size), size=count)
            total[start : start + count] += weights @ sums
    return total


def _binomial(trials: int, counts: NDArray[np.int64], rate: float, log_factorial: Floats) -> Floats:
    """Probability of each count; `log_factorial[k]` is log k!."""
    if not 0 < rate < 1:
        certain: Floats = (counts == (trials if rate >= 1 else 0)).astype(np.float64)
        return certain
    choose = log_factorial[trials] - log_factorial[counts] - log_factorial[trials - counts]
    chance: Floats = np.exp(choose + counts * math.log(rate) + (trials - counts) * math.log1p(-rate))
    return chance
